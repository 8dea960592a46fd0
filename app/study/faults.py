"""What SQLite and the file system report, in a sentence that a reader of EEGs understands."""

import sqlite3
from pathlib import Path

_DAMAGED = "is damaged; keep it, and use a copy from a backup"
_CAUSES = {
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_READONLY: "cannot be written: no permission",
    sqlite3.SQLITE_PERM: "cannot be opened: no permission",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: no permission, or its folder cannot be written",
    sqlite3.SQLITE_BUSY: "is open in another window or program; close it there first",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}
#: SQLite's extended codes carry the primary one in their lowest byte.
_PRIMARY_CODE = 0xFF


def explain(path: Path, error: sqlite3.Error | OSError) -> str:
    """Say in one sentence what went wrong with a study file."""
    if isinstance(error, OSError):
        return f"{path} cannot be opened: {error.strerror or error}."
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by the module itself: a text in the file is no text
        return explain_damage(path)
    cause = _CAUSES.get(code & _PRIMARY_CODE, f"cannot be used: {error}")
    return f"{path} {cause}."


def explain_damage(path: Path) -> str:
    """Say that a study file is damaged."""
    return f"{path} {_DAMAGED}."
