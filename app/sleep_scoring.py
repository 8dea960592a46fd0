"""Scoring sleep: epoch by epoch with single keys, over ranges by dragging, where the network doubts most first."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from app.dialogs.choice import Choice, ChoiceDialog, numbered
from app.lanes.hypnodensity import HypnodensityLane
from app.lanes.hypnogram import HypnogramLane
from app.panels.score_strip import ScoreStrip
from app.reading import ReadingPage
from app.session import Session
from app.shell.feature import Feature
from app.shortcuts import ActionTable, Needs
from app.sleep_files import FileThreads
from app.sleep_night import doubtful_epochs
from app.sleep_room import SleepRoom
from app.theme import LIGHT
from app.times import clock_text, elapsed_text
from app.traces.display import PAGES_S
from app.traces.page import STEP_PAGES
from inference.labels.hypnograms import EPOCH_S, Hypnogram
from inference.labels.sleep_stages import AASM, INFANT, UNSCORED, StageSet
from inference.labels.stage_set_file import KEYS, read_stage_set

#: A night this long is worth its hypnogram without being asked for.
_WORTH_A_HYPNOGRAM_S = 1200.0
#: AASM's shortest arousal.
_AROUSAL_S = 3.0
_AROUSAL = "Sleep-related-arousal"
_FROM_FILE = "file"
#: A page is on the grid of epochs within this.
_ON_GRID_S = 0.05
_NOTHING = np.zeros((0, 0), np.float32)


class SleepScorer(Feature):
    """Turns keys and gestures into stages.

    While sleep is scored, the page is one epoch long and begins where an epoch begins.

    Signals
    -------
    available_changed : other actions are possible now.
    display_wanted : the settings in which the page is to be shown.

    Lives in the GUI thread; ``window`` is the parent of its dialogs.
    """

    available_changed = Signal()
    display_wanted = Signal(object)

    def __init__(
        self, session: Session, room: SleepRoom, page: ReadingPage, actions: ActionTable, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session, self._room, self._page, self._actions = session, room, page, actions
        self._window = window
        self._files = FileThreads(self)
        self._is_scoring = False
        self._page_s_before = 10.0
        self._range: tuple[float, float] | None = None
        self._follows_doubt = False
        self._last_s = 0.0
        self._was_shown = False
        self._offered: StageSet | None = None
        self.hypnogram, self.hypnodensity = HypnogramLane(LIGHT), HypnodensityLane(LIGHT)
        self.strip = ScoreStrip()
        page.add_night(self.strip, self.hypnogram, self.hypnodensity)
        self.hypnogram.range_taken.connect(self._take_range)
        page.page_changed.connect(self._follow_page)
        room.changed.connect(self._show_night)
        session.opened.connect(self._begin_anew)
        session.closed.connect(self._leave)
        self._offer_stages()

    def handlers(self) -> Mapping[str, Callable[..., object]]:
        """Give what each action of the scoring does."""
        return {
            "scoring": self._set_scoring,
            **{f"stage_{key}": partial(self._score_key, key) for key in KEYS},
            "stage_none": lambda: self._score(UNSCORED),
            "arousal": self._add_arousal,
            "doubtful_next": lambda: self._go_doubtful(1),
            "doubtful_back": lambda: self._go_doubtful(-1),
            "stage_set": self._ask_stage_set,
            "hypnogram_panel": self._show_lanes,
        }

    def available(self) -> Needs:
        """Tell whether sleep is scored, and whether there are any stages."""
        there_is = Needs.SCORING if self._is_scoring else Needs.REVIEWING
        return there_is | Needs.STAGES if self._room.night.has_stages else there_is

    def let_go(self) -> None:
        """Leave the dragged range."""
        self._take_range(None)

    def close(self) -> None:
        """End the threads that read files."""
        self._files.close()

    # What is shown

    @property
    def _grid(self) -> Hypnogram:
        """The epochs that are scored, and in which stages."""
        own = self._room.night.own
        duration_s = self._session.recording.duration_s if self._session.recording is not None else 0.0
        n_epochs = max(1, int(duration_s / EPOCH_S + 1e-9))
        return Hypnogram((UNSCORED,) * n_epochs) if own is None else own.hypnogram

    @property
    def _epoch_onset_s(self) -> float:
        """Start of the epoch that the page shows, or that lies in its middle."""
        grid, traces = self._grid, self._page.traces
        time_s = traces.position_s + min(traces.page_s, grid.epoch_s) / 2
        epoch = grid.epoch_at(time_s)
        if epoch is None:
            epoch = 0 if time_s < grid.onset_s else grid.n_epochs - 1
        return grid.epoch_onset_s(epoch)

    @Slot()
    def _begin_anew(self) -> None:
        self._was_shown = False
        self._range, self._follows_doubt = None, False
        self._show_night()

    @Slot()
    def _leave(self) -> None:
        self._actions["scoring"].setChecked(False)
        self._actions["hypnogram_panel"].setChecked(False)

    @Slot()
    def _show_night(self) -> None:
        night, recording = self._room.night, self._session.recording
        network = night.network
        self.hypnogram.set_stages(night.shown, None if network is None else network.hypnogram)
        if network is None:
            self.hypnodensity.set_probability(None, (), _NOTHING, None)
        else:
            self.hypnodensity.set_probability(network.hypnogram, network.codes, network.probability, network.share)
        self._offer_stages()
        self._tell_epoch()
        worth_it = recording is not None and recording.duration_s >= _WORTH_A_HYPNOGRAM_S
        if worth_it and night.has_stages and not self._was_shown:
            self._was_shown = True
            self._actions["hypnogram_panel"].setChecked(True)
        self._show_lanes()
        self.available_changed.emit()

    @Slot()
    def _show_lanes(self) -> None:
        wanted = self._actions["hypnogram_panel"].isChecked() and self._session.recording is not None
        self._page.show_night(self.hypnogram, wanted)
        self._page.show_night(self.hypnodensity, wanted and self._room.night.network is not None)
        self._page.show_night(self.strip, self._is_scoring)

    def _offer_stages(self) -> None:
        """Name each stage's key after the set that is scored in; other keys score nothing."""
        stage_set = self._grid.stage_set
        if stage_set == self._offered:
            return
        self._offered = stage_set
        for key in KEYS:
            action, stage = self._actions[f"stage_{key}"], stage_set.find_key(key)
            action.setVisible(stage is not None)
            if stage is not None:
                action.setText(f"{stage.code}: {stage.name}")
                action.setIconText(stage.code if stage.code == key else f"{stage.code} · {key}")
                action.setToolTip(f"{stage.name} ({key})")
        offered = [self._actions[f"stage_{stage.key}"] for stage in stage_set.stages if stage.key]
        self._actions["stage_none"].setIconText("none · U")
        self.strip.set_actions([*offered, self._actions["stage_none"]])

    def _tell_epoch(self) -> None:
        recording = self._session.recording
        if recording is None:
            return
        grid, onset_s = self._grid, self._epoch_onset_s
        epoch = grid.epoch_at(onset_s + grid.epoch_s / 2) or 0
        stage = grid.stages[epoch]
        said = "not scored" if stage == UNSCORED else f"scored {stage}"
        when = clock_text(recording.start, onset_s) or elapsed_text(onset_s, 0)
        network = self._room.night.network
        thought = "" if network is None else network.tell_epoch(onset_s + grid.epoch_s / 2)
        self.strip.set_epoch(
            f"Epoch {epoch + 1} of {grid.n_epochs}  ·  {when}  ·  {said}",
            f"network, trained on simulated data: {thought}" if thought else "",
        )

    # Moving

    @Slot(bool)
    def _set_scoring(self, scoring: bool) -> None:
        recording = self._session.recording
        if scoring and (recording is None or recording.duration_s < EPOCH_S):
            self._actions["scoring"].setChecked(False)
            if recording is not None:
                self._session.failed.emit(
                    f"Sleep is scored in epochs of {EPOCH_S:g} s, and this recording has not one of them."
                )
            return
        if scoring == self._is_scoring:
            return
        self._is_scoring = scoring
        self.hypnogram.set_scoring(scoring)
        self._take_range(None)
        display = self._page.traces.display
        if scoring:
            self._page_s_before = display.page_s
            onset_s = self._epoch_onset_s
            self.display_wanted.emit(replace(display, page_s=_page_for(self._grid.epoch_s)))
            self._actions["hypnogram_panel"].setChecked(True)
            self._page.traces.go_to(onset_s)
        else:
            self.display_wanted.emit(replace(display, page_s=self._page_s_before))
        self._show_lanes()
        self._tell_epoch()
        self.available_changed.emit()

    @Slot()
    def _follow_page(self) -> None:
        """Keep the page on the grid of epochs while sleep is scored.

        A step leads to the next epoch, a leap to the one in the middle of the page.
        """
        if not self._is_scoring or self._session.recording is None:
            return
        grid, position_s = self._grid, self._page.traces.position_s
        place = (position_s - grid.onset_s) / grid.epoch_s
        nearest = round(place)
        is_step = abs(position_s - self._last_s) <= STEP_PAGES * self._page.traces.page_s + _ON_GRID_S
        if is_step and abs(place - nearest) * grid.epoch_s > _ON_GRID_S:
            nearest = int(place) + 1 if position_s > self._last_s else int(place)
        onset_s = grid.epoch_onset_s(min(max(nearest, 0), grid.n_epochs - 1))
        self._last_s = onset_s
        if abs(onset_s - position_s) > _ON_GRID_S:
            self._page.traces.go_to(onset_s)
            return
        self._tell_epoch()

    def _go_doubtful(self, direction: int) -> None:
        """Go to the next of the epochs that nobody scored, the least certain first."""
        night = self._room.night
        if night.network is None:
            return
        order = doubtful_epochs(night.network, None if night.own is None else night.own.hypnogram)
        here_s = self._epoch_onset_s
        all_of_them = doubtful_epochs(night.network, None)
        rank = {onset_s: number for number, onset_s in enumerate(all_of_them)}
        here = rank.get(here_s, -1) if self._follows_doubt else -1
        ahead = [s for s in order if s != here_s and (rank[s] - here) * direction > 0]
        if ahead:
            self._follows_doubt = True
            self._page.traces.go_to(ahead[0] if direction > 0 else ahead[-1])

    @Slot(float, float)
    def _take_range(self, onset_s: float | None, duration_s: float = 0.0) -> None:
        self._range = None if onset_s is None else (onset_s, duration_s)
        self.hypnogram.set_range(self._range)

    # Scoring

    def _score_key(self, key: str) -> None:
        stage = self._grid.stage_set.find_key(key)
        if stage is not None:
            self._score(stage.code)

    def _score(self, code: str) -> None:
        recording = self._session.recording
        if recording is None:
            return
        grid = self._grid
        onset_s, duration_s = self._range or (self._epoch_onset_s, grid.epoch_s)
        was_range = self._range is not None
        self._session.edit("score", onset_s, duration_s, code, recording.gaps)
        self._take_range(None)
        if was_range:
            return
        if self._follows_doubt:
            self._go_doubtful(1)
        else:
            self._page.traces.go_to(onset_s + grid.epoch_s)

    def _add_arousal(self) -> None:
        span = self._page.traces.selection_s
        if span is None:
            middle_s = self._page.traces.position_s + self._page.traces.page_s / 2
            span = (middle_s - _AROUSAL_S / 2, _AROUSAL_S)
        self._session.edit("add", *span, _AROUSAL)
        self._page.traces.set_selection(None)

    def _ask_stage_set(self) -> None:
        current = self._grid.stage_set
        known = {stage_set.name: stage_set for stage_set in (AASM, INFANT, current)}
        choices = [Choice(name, f"{name}: {', '.join(one.codes)}") for name, one in known.items()]
        choices.append(Choice(_FROM_FILE, "The site's own, from a file …", "JSON with a name and a list of stages"))
        dialog = ChoiceDialog("Which stages do you score?", numbered(choices), self._window, current.name)
        dialog.picked.connect(lambda name: self._use_stage_set(known.get(name)))
        dialog.open()

    def _use_stage_set(self, stage_set: StageSet | None) -> None:
        if stage_set is not None:
            self._session.edit("begin_scoring", stage_set)
            return
        name, _filter = QFileDialog.getOpenFileName(self._window, "Stages of the site", "", "Sets of stages (*.json)")
        if name:
            self._files.run(partial(read_stage_set, Path(name)), self._use_stage_set, self._session.failed)


def _page_for(epoch_s: float) -> float:
    """Give the time base that shows one epoch, or as little more as can be."""
    return next((page_s for page_s in PAGES_S if page_s >= epoch_s), PAGES_S[-1])
