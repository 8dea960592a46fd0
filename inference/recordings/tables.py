"""The tables of ``resources/channels``."""

import csv

from resources import FOLDER


def read_table(name: str) -> list[dict[str, str]]:
    """Read a tab-separated table with a header line as one dictionary a row."""
    with (FOLDER / "channels" / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
