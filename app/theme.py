"""One colour language for the whole window: a paper-like theme and a true dark one, safe for colour-blind readers."""

from dataclasses import dataclass
from string import Template

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from inference.labels.annotations import Decision
from inference.recordings.recording import ChannelKind
from resources import FOLDER

#: Everything is laid out on multiples of this.
GRID_PX = 8
TEXT_PX = 13
SMALL_PX = 12
TINY_PX = 11
FONT_FAMILY = "IBM Plex Sans"


@dataclass(frozen=True)
class Theme:
    """The named colours of one theme; event, channel and decision colours follow Okabe and Ito (2008).

    ``paper`` lies under traces and tables, ``window`` under everything else, ``raised`` under what can be pressed;
    ``line`` separates. ``ink`` is text and EEG, ``muted`` secondary text (contrast 4.5 or more), ``faint`` what may be
    overlooked.
    """

    name: str
    dark: bool
    paper: QColor
    window: QColor
    raised: QColor
    line: QColor
    ink: QColor
    muted: QColor
    faint: QColor
    grid: QColor
    grid_strong: QColor
    accent: QColor
    on_accent: QColor
    selection: QColor
    gap: QColor
    eeg: QColor
    emg: QColor
    eog: QColor
    ecg: QColor
    respiration: QColor
    other: QColor
    spasm: QColor
    seizure: QColor
    pattern: QColor
    artifact: QColor
    file_event: QColor
    accepted: QColor
    rejected: QColor
    unsure: QColor
    added: QColor
    warning: QColor
    error: QColor
    stage_wake: QColor
    stage_light: QColor
    stage_middle: QColor
    stage_deep: QColor
    stage_rem: QColor

    def channel(self, kind: ChannelKind) -> QColor:
        """Give the colour of a channel's trace."""
        named = {
            ChannelKind.EEG: self.eeg,
            ChannelKind.EMG: self.emg,
            ChannelKind.EOG: self.eog,
            ChannelKind.ECG: self.ecg,
            ChannelKind.RESPIRATION: self.respiration,
        }
        return named.get(kind, self.other)

    def subject(self, name: str) -> QColor:
        """Give the colour of what networks look for, by the name of its colour in the vocabulary."""
        return {"spasm": self.spasm, "seizure": self.seizure}.get(name, self.pattern)

    def stage(self, code: str, *, asleep: bool | None = True) -> QColor:
        """Give the colour of a sleep stage: one ramp from wake to the deepest sleep, and apart from it REM.

        ``asleep`` places a stage that only a site knows.
        """
        return {
            **dict.fromkeys(("W",), self.stage_wake),
            **dict.fromkeys(("N1", "S1", "T"), self.stage_light),
            **dict.fromkeys(("N2", "S2", "N"), self.stage_middle),
            **dict.fromkeys(("N3", "S3", "S4"), self.stage_deep),
            "R": self.stage_rem,
        }.get(code, self.stage_middle if asleep else self.stage_wake)

    def decision(self, decision: Decision | None) -> QColor:
        """Give the colour of a person's decision; an undecided detection has that of its network's finding."""
        named = {
            Decision.ACCEPTED: self.accepted,
            Decision.REJECTED: self.rejected,
            Decision.UNSURE: self.unsure,
            Decision.ADDED: self.added,
        }
        return self.spasm if decision is None else named[decision]


def _theme(name: str, dark: bool, **colours: str) -> Theme:
    return Theme(name, dark, **{key: QColor(value) for key, value in colours.items()})


LIGHT = _theme(
    "light",
    dark=False,
    paper="#fdfcf9",
    window="#f5f3ee",
    raised="#ffffff",
    line="#dedad1",
    ink="#1d2126",
    muted="#5b6067",
    faint="#8b8f94",
    grid="#efebe3",
    grid_strong="#d9d3c7",
    accent="#0072b2",
    on_accent="#ffffff",
    selection="#dcebf5",
    gap="#e6e1d7",
    eeg="#1d2126",
    emg="#0072b2",
    eog="#6f6a7d",
    ecg="#8a5a5a",
    respiration="#5f7a6a",
    other="#7b7f84",
    spasm="#d55e00",
    seizure="#a8518a",
    pattern="#8a7400",
    artifact="#6a7076",
    file_event="#6a7076",
    accepted="#00855f",
    rejected="#7a7e83",
    unsure="#b07800",
    added="#00855f",
    warning="#9a5b00",
    error="#b3261e",
    stage_wake="#cdbf9f",
    stage_light="#93bfdd",
    stage_middle="#4a8fc2",
    stage_deep="#1d4f7d",
    stage_rem="#b4435a",
)

DARK = _theme(
    "dark",
    dark=True,
    paper="#131618",
    window="#1b1f22",
    raised="#262b30",
    line="#343a40",
    ink="#e3e5e7",
    muted="#a3aab1",
    faint="#737b83",
    grid="#1d2225",
    grid_strong="#2f363c",
    accent="#56b4e9",
    on_accent="#0b1116",
    selection="#1f3a4d",
    gap="#262a2e",
    eeg="#d9dcde",
    emg="#56b4e9",
    eog="#a59fb5",
    ecg="#c39a9a",
    respiration="#93b3a1",
    other="#8d949b",
    spasm="#f0803c",
    seizure="#d78fba",
    pattern="#d9c54a",
    artifact="#9aa1a8",
    file_event="#9aa1a8",
    accepted="#35c39b",
    rejected="#8f969c",
    unsure="#e6b04a",
    added="#35c39b",
    warning="#e6b04a",
    error="#ff8a80",
    stage_wake="#6f6a5c",
    stage_light="#3d6d92",
    stage_middle="#62a5d6",
    stage_deep="#c4e4f8",
    stage_rem="#ee8fa0",
)

THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Give the whole application a theme's palette, font and style sheet."""
    _load_fonts()
    application.setStyle("Fusion")
    application.setFont(ui_font())
    application.setPalette(_palette(theme))
    application.setStyleSheet(style_sheet(theme))


def ui_font(size_px: int = TEXT_PX, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Give the interface font, whose figures are all equally wide."""
    font = QFont(FONT_FAMILY)
    font.setPixelSize(size_px)
    font.setWeight(weight)
    return font


def style_sheet(theme: Theme) -> str:
    """Fill ``resources/style/window.qss`` with a theme's colours."""
    template = (FOLDER / "style" / "window.qss").read_text(encoding="utf-8")
    colours = {name: value.name() for name, value in vars(theme).items() if isinstance(value, QColor)}
    arrow = (FOLDER / "style" / f"arrow-{theme.name}.svg").as_posix()
    return Template(template).substitute(colours, arrow=arrow)


def with_alpha(colour: QColor, alpha: float) -> QColor:
    """Give a colour with another opacity, 0 to 1."""
    result = QColor(colour)
    result.setAlphaF(alpha)
    return result


def _load_fonts() -> None:
    if FONT_FAMILY in QFontDatabase.families():
        return
    for path in sorted((FOLDER / "fonts").glob("*.ttf")):
        QFontDatabase.addApplicationFont(str(path))


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme.window,
        QPalette.ColorRole.WindowText: theme.ink,
        QPalette.ColorRole.Base: theme.paper,
        QPalette.ColorRole.AlternateBase: theme.window,
        QPalette.ColorRole.Text: theme.ink,
        QPalette.ColorRole.Button: theme.raised,
        QPalette.ColorRole.ButtonText: theme.ink,
        QPalette.ColorRole.Highlight: theme.selection,
        QPalette.ColorRole.HighlightedText: theme.ink,
        QPalette.ColorRole.ToolTipBase: theme.raised,
        QPalette.ColorRole.ToolTipText: theme.ink,
        QPalette.ColorRole.PlaceholderText: theme.faint,
        QPalette.ColorRole.Link: theme.accent,
        QPalette.ColorRole.Mid: theme.line,
    }
    for role, colour in roles.items():
        palette.setColor(role, colour)
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, theme.faint)
    return palette
