"""The sleep report beside the traces, agreement with another scorer, and hypnograms in and out of files."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from app.dialogs.choice import Choice, ChoiceDialog, numbered
from app.panels.sleep_report import NOBODY, ReportPanel
from app.reading import ReadingPage
from app.session import Session
from app.shell.feature import Feature
from app.shortcuts import ActionTable
from app.sleep_files import (
    READABLE,
    WRITABLE,
    FileThreads,
    fit_to_recording,
    read_stages_file,
    write_report,
    write_stages_file,
)
from app.sleep_report import Comparison, SleepReport, compare, make_report, report_text
from app.sleep_room import SleepRoom
from app.theme import LIGHT, Theme
from inference.errors import LabelError
from inference.labels.hypnogram_formats import HYPNOGRAM_FORMATS
from inference.labels.hypnograms import Hypnogram

_MINE, _OTHERS = "mine", "others"


class SleepReporter(Feature):
    """Keeps the report to the night, to whose stages were chosen and to whom they are compared with.

    Lives in the GUI thread; ``window`` is the parent of its dialogs.
    """

    def __init__(
        self, session: Session, room: SleepRoom, page: ReadingPage, actions: ActionTable, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session, self._room, self._page, self._window = session, room, page, window
        self._toggle = actions["report_panel"]
        short = {"copy_report": "Copy", "save_report": "Save …", "write_stages": "Stages …"}
        for action_id, text in short.items():
            actions[action_id].setIconText(text)
        self.panel = ReportPanel(LIGHT, [actions[action_id] for action_id in short])
        self.files = FileThreads(self)
        self._source, self._other = "", ""
        self.report: SleepReport | None = None
        self.comparison: Comparison | None = None
        self.panel.source_chosen.connect(self._choose_source)
        self.panel.other_chosen.connect(self._choose_other)
        self.panel.time_chosen.connect(page.traces.go_to)
        room.changed.connect(self._work_out)
        session.opened.connect(self._begin_anew)

    def handlers(self) -> Mapping[str, Callable[..., object]]:
        """Give what each action on reports and files does."""
        return {
            "differing_next": self._go_differing,
            "read_stages": self._ask_file,
            "write_stages": self._ask_target,
            "forget_stages": self._ask_scorer,
            "copy_report": self._copy,
            "save_report": self._ask_report_file,
        }

    def panels(self) -> Mapping[str, tuple[str, QWidget]]:
        """Bring the report."""
        return {"report_panel": ("Sleep report", self.panel)}

    def set_theme(self, theme: Theme) -> None:
        """Repaint the report."""
        self.panel.set_theme(theme)

    def close(self) -> None:
        """End the threads that read and write files."""
        self.files.close()

    # Report

    @Slot()
    def _begin_anew(self) -> None:
        self._source, self._other = "", ""
        self._work_out()

    @Slot(str)
    def _choose_source(self, source: str) -> None:
        self._source = source
        self._work_out()

    @Slot(str)
    def _choose_other(self, other: str) -> None:
        self._other = other
        self._work_out()

    @Slot()
    def _work_out(self) -> None:
        """Make the report of the chosen stages, or of those that tell most."""
        sources = self._room.night.sources
        self.report = self.comparison = None
        if sources:
            source = self._source if self._source in sources else next(iter(sources))
            hypnogram, n_by_network = sources[source]
            self.report = make_report(source, hypnogram, self._room.night.seizures, n_by_network)
            other = self._other if self._other in (*sources, NOBODY) else self._find_other(source)
            if other in sources and other != source:
                self.comparison = compare(source, hypnogram, other, sources[other][0])
        self._show()

    def _find_other(self, source: str) -> str:
        """Find whom to compare with: another person first; a mixture with the network is not compared with it."""
        sources = self._room.night.sources
        own = self._room.night.own
        people = [name for name, (_, n_by_network) in sources.items() if not n_by_network and name != source]
        people = [name for name in people if own is None or name != own.scorer]
        networks = [name for name, (_, n_by_network) in sources.items() if n_by_network]
        if people:
            return people[0]
        return networks[-1] if networks and not sources[source][1] else NOBODY

    def _show(self) -> None:
        network = self._room.night.network
        problems = () if network is None else network.problems
        self.panel.show_report(self.report, list(self._room.night.sources), problems, self.comparison)

    def _go_differing(self) -> None:
        times_s = () if self.comparison is None else self.comparison.disagreements_s
        if not times_s:
            self._toggle.setChecked(True)
            return
        here_s = self._page.traces.position_s + 1.0
        self._page.traces.go_to(next((time_s for time_s in times_s if time_s > here_s), times_s[0]))

    @property
    def _text(self) -> str:
        title = "" if self._session.path is None else self._session.path.name
        return "" if self.report is None else report_text(self.report, self.comparison, title)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)

    # Files

    def _ask_report_file(self) -> None:
        if self.report is None:
            return
        start = str(self._folder / f"{self._stem}_sleep-report.tsv")
        filters = "Tab-separated text (*.tsv);;Comma-separated table (*.csv)"
        name, _filter = QFileDialog.getSaveFileName(self._window, "Save the sleep report", start, filters)
        if name:
            self.files.run(partial(write_report, Path(name), self._text), _nothing, self._session.failed)

    def _ask_file(self) -> None:
        name, _filter = QFileDialog.getOpenFileName(
            self._window, "Read sleep stages", str(self._folder), f"{READABLE};;All files (*)"
        )
        if name:
            self.read(Path(name))

    def read(self, path: Path) -> None:
        """Read the stages of a file and ask whose they are."""
        self.files.run(partial(read_stages_file, path), self._take_sessions, self._session.failed)

    def _take_sessions(self, found: tuple[Path, dict[str, Hypnogram]]) -> None:
        path, sessions = found
        if len(sessions) == 1:
            self._ask_whose(path, next(iter(sessions.values())))
            return
        dialog = ChoiceDialog(
            "Which session is this recording?", numbered([Choice(s, s) for s in sessions]), self._window
        )
        dialog.picked.connect(lambda session: self._ask_whose(path, sessions[session]))
        dialog.open()

    def _ask_whose(self, path: Path, hypnogram: Hypnogram) -> None:
        recording, study = self._session.recording, self._session.study
        if recording is None or study is None:
            return
        try:
            hypnogram = fit_to_recording(hypnogram, recording.duration_s, path.name)
        except LabelError as error:
            self._session.failed.emit(str(error))
            return
        scorer = hypnogram.scorer if hypnogram.scorer != study.author else path.stem
        choices = [
            Choice(_OTHERS, f"{scorer}: another scorer", "Kept beside yours, to compare with"),
            Choice(_MINE, f"{study.author}: mine, to go on with", "Takes the place of what you scored; can be undone"),
        ]
        dialog = ChoiceDialog(f"Whose stages are in {path.name}?", numbered(choices), self._window, _OTHERS)
        dialog.picked.connect(lambda whose: self._keep(path, hypnogram, study.author if whose == _MINE else scorer))
        dialog.open()

    def _keep(self, path: Path, hypnogram: Hypnogram, scorer: str) -> None:
        recording, study = self._session.recording, self._session.study
        if recording is None or study is None:
            return
        if scorer == study.author:
            hypnogram = hypnogram.covering(0.0, recording.duration_s)
        self._session.edit("add_scoring", replace(hypnogram, scorer=scorer), path.name)

    def _ask_target(self) -> None:
        if self.report is None:
            return
        start = str(self._folder / f"{self._stem}_hypnogram.tsv")
        name, chosen = QFileDialog.getSaveFileName(
            self._window, f"Write the stages of {self.report.source}", start, ";;".join(WRITABLE.values())
        )
        if name:
            self.write(Path(name), next(key for key, text in WRITABLE.items() if text == chosen))

    def write(self, path: Path, file_format: str) -> None:
        """Write the stages that the report is about."""
        assert self.report is not None
        hypnogram, n_by_network = self._room.night.sources[self.report.source]
        if not path.suffix:
            path = path.with_suffix(HYPNOGRAM_FORMATS[file_format])
        work = partial(write_stages_file, path, hypnogram, file_format, by_network=n_by_network > 0)
        self.files.run(work, _nothing, self._session.failed)

    def _ask_scorer(self) -> None:
        study = self._session.study
        if study is None or not study.scorings:
            self._session.failed.emit("Nobody's stages are in this study; the network's go with the next analysis.")
            return
        choices = [
            Choice(one.scoring_id, one.scorer, f"from {one.source}" if one.source else "scored here")
            for one in study.scorings
        ]
        dialog = ChoiceDialog(
            "Whose stages are taken out of the study? It can be undone.", numbered(choices), self._window
        )
        dialog.picked.connect(lambda scoring_id: self._session.edit("remove_scoring", scoring_id))
        dialog.open()

    @property
    def _folder(self) -> Path:
        return Path.home() if self._session.path is None else self._session.path.parent

    @property
    def _stem(self) -> str:
        return "" if self._session.path is None else self._session.path.stem


def _nothing(_result: object) -> None:
    """Need not be told: the file is where it was asked for."""
