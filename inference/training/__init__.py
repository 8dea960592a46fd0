"""Data sets, losses, loops, evaluation and export."""
