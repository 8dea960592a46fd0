"""The window: puts the parts together and lets each know what the others said; the logic lies in the parts."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMainWindow, QStackedWidget

from app.analysis_run import Phase, event_subject
from app.dialogs.about import AboutDialog
from app.dialogs.channel_kinds import ChannelKindsDialog
from app.dialogs.key_sheet import KeySheet
from app.dialogs.palette import CommandPalette
from app.dialogs.sentence import SentenceDialog
from app.fmri_viewing import FmriViewer
from app.panels.event_queue import EventQueue
from app.panels.models import ModelsPanel
from app.panels.roi_map import RoiMap
from app.reading import ReadingPage, label_name
from app.reviewing import Reviewer
from app.session import Session
from app.settings import Settings
from app.shell.docks import Docks
from app.shell.sentences import make_notice, why_no_events, why_no_model
from app.shell.statusline import StatusLine
from app.shell.viewbar import ViewBar
from app.shell.welcome import Welcome
from app.shortcuts import ActionTable, Needs
from app.steps import describe_display
from app.theme import GRID_PX, THEMES, Theme, apply_theme
from app.times import clock_text, elapsed_text
from app.version import VERSION
from app.viewing import Viewer
from inference.runtime.registry import SHIPPED_FOLDER

_DECISIONS = ("accept", "reject", "unsure", "relabel", "add", "remove", "undo", "redo")


class MainWindow(QMainWindow):
    """The workstation.

    Attributes
    ----------
    session : what is open. ``page``, ``queue``, ``models``, ``roi_map`` : the parts that show it.
    actions_by_id : the table.

    Lives in the GUI thread; closing it ends every thread that it started.
    """

    def __init__(
        self, settings: Settings, study_folder: Path | None = None, models_folder: Path = SHIPPED_FOLDER
    ) -> None:
        super().__init__()
        self._settings = settings
        self._shown_stand: tuple[Phase, int, int] | None = None
        self._urgent_notes: tuple[str, ...] = ()
        theme = THEMES.get(settings.theme, THEMES["light"])
        apply_theme(_application(), theme)
        self.session = Session(settings, study_folder, models_folder, self)
        self.actions_by_id = ActionTable(self)
        self._bar = ViewBar(self.actions_by_id, theme)
        self._welcome = Welcome(self.actions_by_id, theme)
        self.page = ReadingPage(theme)
        self.queue = EventQueue(theme, [self.actions_by_id[name] for name in _DECISIONS], label_name)
        self.models = ModelsPanel()
        self.roi_map = RoiMap(theme, settings.lag_s, radiological=settings.radiological)
        self._status = StatusLine()
        self._viewer = Viewer(self.session, self.page, self._bar, settings, self)
        self._reviewer = Reviewer(self.session, self.queue, self.page, settings, self)
        self._fmri_viewer = FmriViewer(self.session, self.page, self.roi_map, settings, self)
        self._features = (self._viewer, self._reviewer, self._fmri_viewer)
        self._lay_out()
        self._connect_session()
        self.actions_by_id.connect_all(self._handlers())
        self.actions_by_id["auto_advance"].setChecked(settings.auto_advance)
        self.actions_by_id["dark"].setChecked(theme.dark)
        self.actions_by_id["events_panel"].setChecked(True)
        self.page.notes.close_button.clicked.connect(self.actions_by_id["notes"].trigger)
        self._apply_theme(theme)
        self._show_closed()

    def show_panel(self, name: str) -> None:
        """Show one of the docks beside the traces; ``"traces"`` shows none."""
        for action_id in self._docks:
            self.actions_by_id[action_id].setChecked(action_id == f"{name}_panel")

    # Putting together

    def _lay_out(self) -> None:
        self.setAcceptDrops(True)
        self.setMinimumSize(120 * GRID_PX, 70 * GRID_PX)
        self.setMenuWidget(self._bar)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._welcome)
        self._stack.addWidget(self.page)
        self.setCentralWidget(self._stack)
        self.setStatusBar(self._status)
        self._docks = Docks(self)
        for feature in self._features:
            self._docks.add(feature.panels())
        self._docks.add({"models_panel": ("Models", self.models)})
        self.resize(1600, 900)
        self.restoreGeometry(self._settings.geometry)

    def _connect_session(self) -> None:
        session = self.session
        session.opening.connect(self._show_opening)
        session.opened.connect(self._show_opened)
        session.closed.connect(self._show_closed)
        session.open_failed.connect(self._tell_open_failed)
        session.failed.connect(self._tell_failed)
        session.events_changed.connect(self._show_events)
        session.kinds_corrected.connect(self._show_corrected)
        session.saved_changed.connect(self._show_saved)
        session.analysis.changed.connect(self._show_analysis)
        self._welcome.file_chosen.connect(session.open_file)
        session.fmri.changed.connect(self._show_available)
        session.fmri.failed.connect(self._tell_failed)
        self.roi_map.failed.connect(self._tell_failed)
        self._fmri_viewer.came.connect(self.actions_by_id["roi-map_panel"].setChecked)
        self.queue.selected.connect(self._show_available)
        self.page.page_changed.connect(self._show_position)
        self.page.traces.failed.connect(self._tell_failed)
        self._viewer.display_changed.connect(self._show_view)
        self._show_view()

    def _handlers(self) -> dict[str, Callable[..., object]]:
        own: dict[str, Callable[..., object]] = {
            "open": self._ask_file,
            "demo": self.session.open_demonstration,
            "channel_kinds": self._ask_kinds,
            "close": self.session.close_recording,
            "quit": self.close,
            "analyse": self.session.analyse,
            "cancel": self.session.analysis.cancel,
            "auto_advance": self._set_auto_advance,
            **dict.fromkeys((*self._docks, "notes"), self._arrange),
            "traces_only": self._show_traces_only,
            "dark": self._set_dark,
            "let_go": self._let_go,
            "menu": self._bar.open_menu,
            "palette": lambda: CommandPalette(self.actions_by_id, self).show(),
            "keys": lambda: KeySheet(self).open(),
            "about": lambda: AboutDialog(VERSION, self).open(),
        }
        # Escape leads out of the traces alone first: whoever got there by chance may not know F11.
        return {name: handler for feature in self._features for name, handler in feature.handlers().items()} | own

    # What the session says

    @Slot(str, float)
    def _show_opening(self, sentence: str, fraction: float) -> None:
        if self.session.recording is None:
            self._welcome.show_busy(sentence, fraction)
        self._status.set_analysis(sentence)

    @Slot()
    def _show_opened(self) -> None:
        session = self.session
        self._settings.remember_file(session.path)
        self._reviewer.forget()
        self.page.set_recording(session.recording)
        rules = {package.card.name: package.card.events for package in session.networks}
        self.page.set_networks({name: event_subject(rule) for name, rule in rules.items() if rule is not None})
        self._viewer.tell_study()
        self._stack.setCurrentWidget(self.page)
        self._status.set_saved("")
        self._shown_stand = None
        self._urgent_notes = ()
        self._show_view()
        self._show_notice()
        self._show_events()
        self._show_analysis()
        self._arrange()
        self.page.traces.setFocus()
        if self._settings.analyse_on_open and not session.is_analysed:
            session.analyse()

    @Slot()
    def _show_closed(self) -> None:
        self.page.set_recording(None)
        self._welcome.show_start(self._settings.recent_files)
        self._stack.setCurrentWidget(self._welcome)
        for show in (self._status.set_position, self._status.set_saved, self._status.set_analysis):
            show("")
        self._show_view()
        self._show_notice()
        self._show_events()
        self._arrange()

    @Slot()
    def _show_corrected(self) -> None:
        position_s = self.page.traces.position_s
        self.page.set_recording(self.session.recording)
        self.page.traces.go_to(position_s)

    @Slot()
    def _show_events(self) -> None:
        session = self.session
        start = session.recording.start if session.recording is not None else None
        self.queue.set_events(session.events, start, why_no_events(session))
        self.page.set_events(session.events, self.queue.current_id)
        self._show_available()

    @Slot()
    def _show_analysis(self) -> None:
        progress = self.session.analysis.progress
        running = progress.phase is Phase.RUNNING
        self._bar.set_busy(running)
        self._status.set_analysis(progress.sentence, progress.fraction if running else None)
        self.page.set_analysis(self.session.analysis, why_no_model(self.session))
        analysis = self.session.analysis
        stand = (progress.phase, len(analysis.results), len(analysis.problems))
        if stand != self._shown_stand:
            self._shown_stand = stand
            said = {**analysis.gists, **analysis.problems}
            self.models.show_models(self.session.models, said, analysis.results)
            self._show_events()
            self._show_available()

    @Slot(bool)
    def _show_saved(self, saved: bool) -> None:
        self._status.set_saved("✓ Saved" if saved else "Saving …")
        self._show_available()

    @Slot(str)
    def _tell_open_failed(self, sentence: str) -> None:
        if self.session.recording is None:
            self._welcome.show_start(self._settings.recent_files)
            self._status.set_analysis("")
        else:
            self._show_analysis()
        SentenceDialog("This recording cannot be opened", sentence, self._theme, self).open()

    @Slot(str)
    def _tell_failed(self, sentence: str) -> None:
        SentenceDialog("That did not work", sentence, self._theme, self).open()

    # What is shown

    @Slot()
    def _show_available(self) -> None:
        session, there_is = self.session, Needs.NOTHING
        facts = (
            (session.recording is not None, Needs.RECORDING),
            (bool(session.networks), Needs.MODEL),
            (not session.analysis.is_running, Needs.IDLE_ENGINE),
            (session.analysis.is_running, Needs.BUSY_ENGINE),
            (session.study is not None and session.study.can_undo, Needs.UNDO),
            (session.study is not None and session.study.can_redo, Needs.REDO),
        )
        for is_there, need in facts:
            there_is |= need if is_there else Needs.NOTHING
        for feature in self._features:
            there_is |= feature.available()
        self.actions_by_id.set_available(there_is)
        self._bar.set_reading(session.recording is not None)

    @Slot()
    def _show_position(self) -> None:
        recording = self.session.recording
        if recording is None:
            return
        time_s = self.page.traces.position_s
        clock = clock_text(recording.start, time_s)
        elapsed = f"{elapsed_text(time_s)} of {elapsed_text(recording.duration_s, 0)}"
        self._status.set_position(f"{clock}  ·  {elapsed}" if clock else elapsed)

    @Slot()
    def _show_view(self) -> None:
        self._show_notes()
        self._status.set_view("" if self.session.recording is None else describe_display(self._viewer.display))

    def _show_notes(self) -> None:
        """Unfold the notes when there is something new that a reader must know."""
        urgent = self.page.gather_notes(self.session.recording)
        if urgent != self._urgent_notes:
            self._urgent_notes = urgent
            self.actions_by_id["notes"].setChecked(bool(urgent))

    def _show_notice(self) -> None:
        notice, path = make_notice(self.session), self.session.path
        self._bar.notice.set_text(*notice)
        parts = (path.name if path else "", ": ".join(filter(None, notice)), "Spasmlens")
        self.setWindowTitle(" — ".join(part for part in parts if part))

    @Slot()
    def _arrange(self) -> None:
        reading = self.session.recording is not None
        alone = self.actions_by_id["traces_only"].isChecked()
        wanted = (action_id for action_id in self._docks if self.actions_by_id[action_id].isChecked())
        self._docks.arrange(frozenset(wanted if reading and not alone else ()))
        self.page.notes.setVisible(not alone and self.actions_by_id["notes"].isChecked())
        self._bar.setVisible(not alone)
        self._status.setVisible(not alone)
        self.page.set_lanes_visible(not alone)

    @Slot(bool)
    def _show_traces_only(self, alone: bool) -> None:
        full = Qt.WindowState.WindowFullScreen
        self.setWindowState(self.windowState() | full if alone else self.windowState() & ~full)
        self._arrange()

    def _let_go(self) -> None:
        alone = self.actions_by_id["traces_only"]
        if alone.isChecked():
            alone.setChecked(False)
        else:
            self._reviewer.let_go()

    @Slot(bool)
    def _set_dark(self, dark: bool) -> None:
        self._settings.theme = "dark" if dark else "light"
        self._apply_theme(THEMES[self._settings.theme])

    def _apply_theme(self, theme: Theme) -> None:
        self._theme = theme
        apply_theme(_application(), theme)
        for part in (self._bar, self._welcome, self.page, self.actions_by_id, *self._features):
            part.set_theme(theme)

    @Slot(bool)
    def _set_auto_advance(self, advance: bool) -> None:
        self._settings.auto_advance = advance

    # What the reader is asked

    def _ask_file(self) -> None:
        recent = self._settings.recent_files
        folder = str(recent[0].parent) if recent else str(Path.home())
        name, _filter = QFileDialog.getOpenFileName(self, "Open recording", folder)
        if name:
            self.session.open_file(Path(name))

    def _ask_kinds(self) -> None:
        dialog = ChannelKindsDialog(self.session.recording.channels, self)
        dialog.corrected.connect(self.session.correct_kinds)
        dialog.open()

    # What Qt says

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Take a file that is dragged in."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Open the file that was dropped."""
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.session.open_file(files[0])

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Write what is to be written and end every thread."""
        if not self.actions_by_id["traces_only"].isChecked():
            self._settings.geometry = self.saveGeometry()
        # What is under way may take a moment to end; nobody need watch.
        self.hide()
        self.session.close()
        self.page.traces.close_feed()
        for feature in self._features:
            feature.close()
        super().closeEvent(event)


def _application() -> QApplication:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    return application
