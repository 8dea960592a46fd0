"""What the program remembers of a person's habits from one session to the next."""

import json
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from inference.recordings.recording import ChannelKind

MAX_RECENT = 8
#: Blood follows nerve cells: the peak of its usual response comes about five seconds later.
DEFAULT_LAG_S = 5.0


class Settings:
    """Typed access to one QSettings store.

    Parameters
    ----------
    store : where the values lie; None for the user's own store. Tests and screenshots bring an empty file of their own.
    """

    def __init__(self, store: QSettings | None = None) -> None:
        self.store = store if store is not None else QSettings("Spasmlens", "Spasmlens")

    @classmethod
    def in_file(cls, path: Path) -> "Settings":
        """Keep the settings in a file of their own."""
        return cls(QSettings(str(path), QSettings.Format.IniFormat))

    @property
    def theme(self) -> str:
        """Name of the theme."""
        return str(self.store.value("look/theme", "light"))

    @theme.setter
    def theme(self, name: str) -> None:
        self.store.setValue("look/theme", name)

    @property
    def auto_advance(self) -> bool:
        """Whether a decision leads to the next event to review."""
        return bool(self.store.value("review/auto_advance", True, type=bool))

    @auto_advance.setter
    def auto_advance(self, advance: bool) -> None:
        self.store.setValue("review/auto_advance", advance)

    @property
    def radiological(self) -> bool:
        """Whether the patient's right is on the left of a brain, as radiologists show it."""
        return bool(self.store.value("fmri/radiological", True, type=bool))

    @radiological.setter
    def radiological(self, radiological: bool) -> None:
        self.store.setValue("fmri/radiological", radiological)

    @property
    def lag_s(self) -> float:
        """How long the blood is taken to follow the brain."""
        return float(self.store.value("fmri/lag_s", DEFAULT_LAG_S, type=float))

    @lag_s.setter
    def lag_s(self, lag_s: float) -> None:
        self.store.setValue("fmri/lag_s", lag_s)

    @property
    def analyse_on_open(self) -> bool:
        """Whether analysis starts as soon as a recording is open."""
        return bool(self.store.value("analysis/on_open", True, type=bool))

    @analyse_on_open.setter
    def analyse_on_open(self, start: bool) -> None:
        self.store.setValue("analysis/on_open", start)

    @property
    def recent_files(self) -> tuple[Path, ...]:
        """The last recordings that were opened and are still there, newest first."""
        names = self._read_json("files/recent", [])
        return tuple(path for name in names if (path := Path(name)).exists())

    def remember_file(self, path: Path) -> None:
        """Put a recording at the head of the recent ones."""
        names = [str(path.absolute()), *self._read_json("files/recent", [])]
        self.store.setValue("files/recent", json.dumps(list(dict.fromkeys(names))[:MAX_RECENT]))

    @property
    def display(self) -> dict[str, float | str | None]:
        """The last used montage, sensitivities, filters and time base, by field name."""
        return dict(self._read_json("view/display", {}))

    @display.setter
    def display(self, fields: dict[str, float | str | None]) -> None:
        self.store.setValue("view/display", json.dumps(fields))

    def channel_kinds(self, fingerprint: str) -> dict[str, ChannelKind]:
        """Give a user's corrections of channel kinds for one recording, by channel name."""
        stored = self._read_json(f"kinds/{fingerprint}", {})
        return {name: ChannelKind(kind) for name, kind in stored.items() if kind in list(ChannelKind)}

    def set_channel_kinds(self, fingerprint: str, kinds: dict[str, ChannelKind]) -> None:
        """Keep a user's corrections of channel kinds for one recording."""
        self.store.setValue(f"kinds/{fingerprint}", json.dumps(kinds))

    @property
    def geometry(self) -> QByteArray:
        """Place and size of the window; empty when it was never closed."""
        value = self.store.value("window/geometry")
        return value if isinstance(value, QByteArray) else QByteArray()

    @geometry.setter
    def geometry(self, geometry: QByteArray) -> None:
        self.store.setValue("window/geometry", geometry)

    def _read_json(self, key: str, default: list | dict) -> list | dict:
        try:
            value = json.loads(str(self.store.value(key, "")))
        except ValueError:
            return default
        return value if isinstance(value, type(default)) else default
