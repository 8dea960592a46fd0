"""What a person has written below a benchmark's tables, kept when the tables above it are written anew."""

from collections.abc import Sequence
from pathlib import Path

#: What follows in the file is written by hand and kept.
READING = "## Reading"


def write_above_reading(path: Path, lines: Sequence[str]) -> None:
    """Write lines above what is written by hand in the file, if there is anything."""
    kept = path.read_text(encoding="utf-8").partition(READING)[2] if path.exists() else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(lines).rstrip() + "\n"
    path.write_text(f"{text}\n{READING}{kept}" if kept.strip() else text, encoding="utf-8")
