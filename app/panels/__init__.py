"""Docks beside the traces."""
