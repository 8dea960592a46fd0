"""Physiological generators with ground truth."""
