"""What the program remembers of a person's habits from one session to the next."""

import json
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from inference.recordings.recording import ChannelKind

MAX_RECENT = 8


class Settings:
    """Typed access to one QSettings store.

    Parameters
    ----------
    store : where the values lie; None for the user's own store. Tests and screenshots bring an empty file of their own.
    """

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store if store is not None else QSettings("Spasmlens", "Spasmlens")

    @classmethod
    def in_file(cls, path: Path) -> "Settings":
        """Keep the settings in a file of their own."""
        return cls(QSettings(str(path), QSettings.Format.IniFormat))

    @property
    def theme(self) -> str:
        """Name of the theme."""
        return str(self._store.value("look/theme", "light"))

    @theme.setter
    def theme(self, name: str) -> None:
        self._store.setValue("look/theme", name)

    @property
    def auto_advance(self) -> bool:
        """Whether a decision leads to the next event to review."""
        return bool(self._store.value("review/auto_advance", True, type=bool))

    @auto_advance.setter
    def auto_advance(self, advance: bool) -> None:
        self._store.setValue("review/auto_advance", advance)

    @property
    def analyse_on_open(self) -> bool:
        """Whether analysis starts as soon as a recording is open."""
        return bool(self._store.value("analysis/on_open", True, type=bool))

    @analyse_on_open.setter
    def analyse_on_open(self, start: bool) -> None:
        self._store.setValue("analysis/on_open", start)

    @property
    def recent_files(self) -> tuple[Path, ...]:
        """The last recordings that were opened and are still there, newest first."""
        names = self._read_json("files/recent", [])
        return tuple(path for name in names if (path := Path(name)).exists())

    def remember_file(self, path: Path) -> None:
        """Put a recording at the head of the recent ones."""
        names = [str(path.absolute()), *self._read_json("files/recent", [])]
        self._store.setValue("files/recent", json.dumps(list(dict.fromkeys(names))[:MAX_RECENT]))

    @property
    def display(self) -> dict[str, float | str | None]:
        """The last used montage, sensitivities, filters and time base, by field name."""
        return dict(self._read_json("view/display", {}))

    @display.setter
    def display(self, fields: dict[str, float | str | None]) -> None:
        self._store.setValue("view/display", json.dumps(fields))

    def channel_kinds(self, fingerprint: str) -> dict[str, ChannelKind]:
        """Give a user's corrections of channel kinds for one recording, by channel name."""
        stored = self._read_json(f"kinds/{fingerprint}", {})
        return {name: ChannelKind(kind) for name, kind in stored.items() if kind in list(ChannelKind)}

    def set_channel_kinds(self, fingerprint: str, kinds: dict[str, ChannelKind]) -> None:
        """Keep a user's corrections of channel kinds for one recording."""
        self._store.setValue(f"kinds/{fingerprint}", json.dumps(kinds))

    @property
    def geometry(self) -> QByteArray:
        """Place and size of the window; empty when it was never closed."""
        value = self._store.value("window/geometry")
        return value if isinstance(value, QByteArray) else QByteArray()

    @geometry.setter
    def geometry(self, geometry: QByteArray) -> None:
        self._store.setValue("window/geometry", geometry)

    def _read_json(self, key: str, default: list | dict) -> list | dict:
        try:
            value = json.loads(str(self._store.value(key, "")))
        except ValueError:
            return default
        return value if isinstance(value, type(default)) else default
