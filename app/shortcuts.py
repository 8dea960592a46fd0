"""The one table of what a person can do: menus, tool bar, keys, command palette and the F1 sheet are made of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Flag, auto

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from app.shell.icons import icon
from app.theme import Theme


class Needs(Flag):
    """What must be there before an action can be taken."""

    NOTHING = 0
    RECORDING = auto()
    EVENT = auto()
    MODEL = auto()
    IDLE_ENGINE = auto()
    BUSY_ENGINE = auto()
    UNDO = auto()
    REDO = auto()
    FMRI = auto()


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action: ``text`` names it in menus, ``shortcuts`` are portable key sequences, the first of which is shown."""

    action_id: str
    group: str
    text: str
    shortcuts: tuple[str, ...]
    needs: Needs = Needs.NOTHING
    icon: str = ""
    checkable: bool = False


GROUPS = ("File", "Navigate", "Signals", "Events", "Analysis", "fMRI", "View", "Help")

_REC = Needs.RECORDING
_EVENT = Needs.RECORDING | Needs.EVENT
_FMRI = Needs.RECORDING | Needs.FMRI

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("open", "File", "Open recording …", ("Ctrl+O",), icon="folder-open"),
    ActionSpec("demo", "File", "Open demonstration case", ("Ctrl+D",), icon="baby"),
    ActionSpec("channel_kinds", "File", "Correct channel kinds …", ("Ctrl+I",), _REC, "cable"),
    ActionSpec("close", "File", "Close recording", ("Ctrl+W",), _REC),
    ActionSpec("quit", "File", "Quit", ("Ctrl+Q",)),
    ActionSpec("page_forward", "Navigate", "Next page", ("PgDown", "Space"), _REC, "chevron-right"),
    ActionSpec("page_back", "Navigate", "Previous page", ("PgUp", "Shift+Space"), _REC, "chevron-left"),
    ActionSpec("step_forward", "Navigate", "A tenth of a page forward", ("Right",), _REC),
    ActionSpec("step_back", "Navigate", "A tenth of a page back", ("Left",), _REC),
    ActionSpec("go_start", "Navigate", "Start of the recording", ("Home",), _REC, "chevron-first"),
    ActionSpec("go_end", "Navigate", "End of the recording", ("End",), _REC, "chevron-last"),
    ActionSpec("go_to", "Navigate", "Go to time …", ("Ctrl+G",), _REC),
    ActionSpec("montage", "Signals", "Next montage", ("M",), _REC),
    ActionSpec("eeg_up", "Signals", "EEG larger (fewer µV/mm)", ("+", "="), _REC),
    ActionSpec("eeg_down", "Signals", "EEG smaller (more µV/mm)", ("-",), _REC),
    ActionSpec("emg_up", "Signals", "EMG larger (fewer µV/mm)", ("Shift+Up",), _REC),
    ActionSpec("emg_down", "Signals", "EMG smaller (more µV/mm)", ("Shift+Down",), _REC),
    ActionSpec("lff", "Signals", "Low-frequency filter: next", ("F",), _REC),
    ActionSpec("lff_back", "Signals", "Low-frequency filter: previous", ("Shift+F",), _REC),
    ActionSpec("hff", "Signals", "High-frequency filter: next", ("H",), _REC),
    ActionSpec("hff_back", "Signals", "High-frequency filter: previous", ("Shift+H",), _REC),
    ActionSpec("notch", "Signals", "Notch filter: off, 50 Hz, 60 Hz", ("K",), _REC),
    ActionSpec("page_shorter", "Signals", "Shorter page", (",",), _REC),
    ActionSpec("page_longer", "Signals", "Longer page", (".",), _REC),
    ActionSpec("next_undecided", "Events", "Next event to review", ("N", "Tab"), _REC, "skip-forward"),
    ActionSpec("previous_undecided", "Events", "Previous event to review", ("Shift+N", "Shift+Tab"), _REC, "skip-back"),
    ActionSpec("next_event", "Events", "Next event in the list", ("Down",), _REC),
    ActionSpec("previous_event", "Events", "Previous event in the list", ("Up",), _REC),
    ActionSpec("accept", "Events", "Accept", ("A",), _EVENT, "check"),
    ActionSpec("reject", "Events", "Reject", ("R",), _EVENT, "x"),
    ActionSpec("unsure", "Events", "Unsure", ("U",), _EVENT, "circle-question-mark"),
    ActionSpec("relabel", "Events", "Relabel …", ("L",), _EVENT, "tag"),
    ActionSpec("add", "Events", "Add event here or over the dragged span …", ("Ins", "Return", "Enter"), _REC, "plus"),
    ActionSpec("remove", "Events", "Take back the decision, or delete an added event", ("Del",), _EVENT, "trash-2"),
    ActionSpec("start_earlier", "Events", "Start 0.1 s earlier", ("[", "Alt+Left"), _EVENT),
    ActionSpec("start_later", "Events", "Start 0.1 s later", ("Shift+[", "{", "Alt+Right"), _EVENT),
    ActionSpec("end_later", "Events", "End 0.1 s later", ("]", "Alt+Shift+Right"), _EVENT),
    ActionSpec("end_earlier", "Events", "End 0.1 s earlier", ("Shift+]", "}", "Alt+Shift+Left"), _EVENT),
    ActionSpec("reviewed", "Events", "Mark this page as read completely", ("Ctrl+Return", "Ctrl+Enter"), _REC),
    ActionSpec("let_go", "Events", "Let go of the event and the dragged span", ("Escape",), _REC),
    ActionSpec("undo", "Events", "Undo", ("Ctrl+Z",), _REC | Needs.UNDO, "undo-2"),
    ActionSpec("redo", "Events", "Redo", ("Ctrl+Y", "Ctrl+Shift+Z"), _REC | Needs.REDO, "redo-2"),
    ActionSpec(
        "analyse", "Analysis", "Analyse recording", ("F5",), _REC | Needs.MODEL | Needs.IDLE_ENGINE, "audio-waveform"
    ),
    ActionSpec("cancel", "Analysis", "Stop analysis", ("Shift+F5",), _REC | Needs.BUSY_ENGINE, "square"),
    ActionSpec("open_fmri", "fMRI", "Open fMRI …", ("Ctrl+Shift+O",), _REC),
    ActionSpec("map_planes", "fMRI", "Three planes", ("Ctrl+1",), _FMRI),
    ActionSpec("map_mosaic", "fMRI", "Mosaic", ("Ctrl+2",), _FMRI),
    ActionSpec("map_regions", "fMRI", "Matrix of regions", ("Ctrl+3",), _FMRI),
    ActionSpec("map_source", "fMRI", "Next: voxels, regions, percent, connectivity", ("Ctrl+4",), _FMRI),
    ActionSpec("map_sides", "fMRI", "Swap left and right: radiological or neurological", ("Ctrl+5",), _FMRI),
    ActionSpec("atlas", "fMRI", "How to install the atlas …", ("Ctrl+6",)),
    ActionSpec("auto_advance", "View", "After a decision, go to the next event", ("Ctrl+J",), checkable=True),
    ActionSpec("events_panel", "View", "Event queue", ("F6",), icon="list-checks", checkable=True),
    ActionSpec("models_panel", "View", "Models", ("F7",), icon="brain", checkable=True),
    ActionSpec("roi-map_panel", "View", "ROI map", ("F9",), icon="brain", checkable=True),
    ActionSpec("notes", "View", "Notes on recording and montage", ("F8",), _REC, "triangle-alert", checkable=True),
    ActionSpec("traces_only", "View", "Traces alone", ("F11",), icon="maximize", checkable=True),
    ActionSpec("dark", "View", "Dark theme", ("Ctrl+T",), icon="moon", checkable=True),
    ActionSpec("menu", "Help", "Open the menu", ("F10",), icon="menu"),
    ActionSpec("palette", "Help", "Find a command …", ("Ctrl+K", "Ctrl+Shift+P"), icon="search"),
    ActionSpec("keys", "Help", "All keys", ("F1",), icon="keyboard"),
    ActionSpec("about", "Help", "About Spasmlens", ("Shift+F1",), icon="info"),
)


def key_text(shortcut: str) -> str:
    """Write a key sequence as this platform's keyboards name it."""
    return QKeySequence(shortcut, QKeySequence.SequenceFormat.PortableText).toString(
        QKeySequence.SequenceFormat.NativeText
    )


class ActionTable(QObject):
    """The table come alive: one QAction an entry, enabled by what there is.

    Lives in the GUI thread; its actions belong to ``window`` and answer to their keys wherever in it the focus is.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._actions: dict[str, QAction] = {}
        for spec in ACTIONS:
            action = QAction(spec.text, window)
            action.setObjectName(spec.action_id)
            action.setShortcuts([QKeySequence(keys) for keys in spec.shortcuts])
            action.setCheckable(spec.checkable)
            action.setToolTip(f"{spec.text.rstrip(' …')}  ({key_text(spec.shortcuts[0])})")
            self._actions[spec.action_id] = action
            window.addAction(action)

    def __getitem__(self, action_id: str) -> QAction:
        return self._actions[action_id]

    def connect_all(self, handlers: Mapping[str, Callable[..., object]]) -> None:
        """Connect every action of the table to what it does; each must have exactly one handler."""
        for action_id, action in self._actions.items():
            signal = action.toggled if action.isCheckable() else action.triggered
            signal.connect(handlers[action_id])

    def set_available(self, there_is: Needs) -> None:
        """Enable the actions whose needs are met."""
        for spec in ACTIONS:
            self._actions[spec.action_id].setEnabled(spec.needs in there_is)

    def set_theme(self, theme: Theme) -> None:
        """Draw the icons in a theme's ink."""
        for spec in ACTIONS:
            if spec.icon:
                self._actions[spec.action_id].setIcon(icon(spec.icon, theme.ink, theme.faint))

    def fill_menu(self, menu: QMenu) -> None:
        """Add a submenu for each group."""
        for group in GROUPS:
            submenu = menu.addMenu(group)
            submenu.addActions([self._actions[spec.action_id] for spec in ACTIONS if spec.group == group])
