"""Data files that ship with Spasmlens."""

from pathlib import Path

#: Folder of the shipped data files, in a checkout, an installation and a frozen package alike.
FOLDER = Path(__file__).parent
