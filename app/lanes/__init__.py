"""Strips that share the time axis of the traces."""
