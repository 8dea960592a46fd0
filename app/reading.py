"""The reading page: traces, the probability below them and the whole recording below that, on one time axis."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.analysis_run import AnalysisRun, Phase
from app.lanes.overview import OverviewLane
from app.lanes.probability import ProbabilityLane, lane_height_px
from app.lanes.region import RegionLane, RegionTrack
from app.review import ReviewEvent
from app.shell.notestrip import NoteStrip
from app.theme import Theme
from app.traces.display import DisplaySettings
from app.traces.marks import EventMark
from app.traces.palette import TracePalette
from app.traces.view import TraceView
from inference.labels.vocabulary import load_vocabulary
from inference.recordings.recording import Recording

_LOW_PAGE_PX = 800


class ReadingPage(QWidget):
    """Traces and lanes, which always show the same stretch of time.

    Attributes
    ----------
    traces : the trace view. ``notes`` : sentences above it.

    Signals
    -------
    page_changed : the time at the left edge and the seconds across the page.
    region_chosen, region_dismissed : the label of the region of the brain whose lane, or its cross, was pressed.

    Lives in the GUI thread.
    """

    page_changed = Signal(float, float)
    region_chosen = Signal(int)
    region_dismissed = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.traces = TraceView(palette=trace_palette(theme))
        self.notes = NoteStrip(theme)
        self._theme = theme
        self._lanes: dict[str, ProbabilityLane] = {}
        self._overview = OverviewLane(theme)
        self._regions: list[RegionLane] = []
        self.traces.page_changed.connect(self._follow_page)
        self._overview.time_chosen.connect(self.traces.centre_on)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notes)
        column.addWidget(self.traces, 1)
        self._region_column = QVBoxLayout()
        self._region_column.setSpacing(0)
        column.addLayout(self._region_column)
        self._probabilities = QVBoxLayout()
        column.addLayout(self._probabilities)
        column.addWidget(self._overview)
        self.set_networks({})

    def set_networks(self, subjects: Mapping[str, str]) -> None:
        """Lay out a lane for each network that looks for events, by name: what its probability is of.

        Without any, the lane of spasms is there to say why it is empty.
        """
        subjects = subjects or {"": "spasm"}
        if {name: lane.subject for name, lane in self._lanes.items()} == dict(subjects):
            return
        for lane in self._lanes.values():
            self._probabilities.removeWidget(lane)
            lane.deleteLater()
        self._lanes = {name: ProbabilityLane(self._theme, subject) for name, subject in subjects.items()}
        for lane in self._lanes.values():
            lane.time_chosen.connect(self.traces.centre_on)
            self._probabilities.addWidget(lane)
            # Only now: a widget that is shown before it has a parent becomes a window of its own.
            lane.setVisible(self._overview.isVisibleTo(self))
        self._share_height()
        self._follow_page()

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.traces.set_palette(trace_palette(theme))
        self.notes.set_theme(theme)
        self._theme = theme
        for lane in (*self._lanes.values(), *self._regions, self._overview):
            lane.set_theme(theme)

    def set_recording(self, recording: Recording | None) -> None:
        """Show a recording from its start; None empties the page."""
        self.traces.set_recording(recording)
        if recording is not None:
            self._overview.set_recording(recording.duration_s, recording.start, recording.gaps)
        self._follow_page()

    def set_display(self, display: DisplaySettings) -> None:
        """Change montage, filters, sensitivities or time base."""
        self.traces.set_display(display)
        self._follow_page()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the traces their share of a low window."""
        self._share_height()
        super().resizeEvent(event)

    def gather_notes(self, recording: Recording | None) -> tuple[str, ...]:
        """Tell what is odd in the recording and why a montage is not the one asked for; show it in the strip."""
        problems = recording.problems if recording is not None else ()
        montage = self.traces.montage
        notes = (*problems, *(montage.notes if recording is not None else ()))
        self.notes.set_sentences(notes or ("Nothing odd was noticed in this recording.",))
        is_other = montage.name != self.traces.display.montage and bool(montage.notes)
        return (*problems, *montage.notes[:1]) if is_other else problems

    def set_lanes_visible(self, visible: bool) -> None:
        """Show or fold away the lanes."""
        for lane in (*self._lanes.values(), *self._regions, self._overview):
            lane.setVisible(visible)

    def set_regions(self, tracks: Sequence[RegionTrack], current: int, volume: int | None) -> None:
        """Show the signals of regions of the brain as lanes; ``current`` is the label of the chosen one."""
        while len(self._regions) > len(tracks):
            lane = self._regions.pop()
            lane.hide()
            lane.deleteLater()
        for lane, track in zip(self._regions, tracks, strict=False):
            lane.set_track(track)
        for track in tracks[len(self._regions) :]:
            lane = RegionLane(self._theme, track)
            lane.chosen.connect(self.region_chosen)
            lane.dismissed.connect(self.region_dismissed)
            self._region_column.addWidget(lane)
            lane.setVisible(self._overview.isVisibleTo(self))
            self._regions.append(lane)
        for lane in self._regions:
            lane.set_current(lane.track.label == current)
        self.set_region_volume(volume)
        self._follow_page()

    @Slot(object)
    def set_region_volume(self, volume: int | None) -> None:
        """Mark the volume that the map shows."""
        for lane in self._regions:
            lane.set_volume(volume)

    def set_events(self, events: Sequence[ReviewEvent], selected_id: str) -> None:
        """Mark events on the traces and in the overview."""
        self.traces.set_events([_mark(event, event.event_id == selected_id) for event in events])
        self._overview.set_events(events)

    def set_analysis(self, analysis: AnalysisRun, why_not: str) -> None:
        """Show how probable events are as far as that is known, and beyond that why it is not."""
        sentences = {
            Phase.NONE: why_not or "Not analysed yet: press F5",
            Phase.RUNNING: "not analysed yet",
            Phase.DONE: "",
            Phase.CANCELLED: "Analysis was stopped here: press F5 to start again",
            Phase.FAILED: analysis.progress.sentence,
        }
        sentence = sentences[analysis.progress.phase]
        for name, lane in self._lanes.items():
            lane.set_track(analysis.tracks.get(name), analysis.problems.get(name, sentence))
        self._overview.set_track(analysis.track)

    def _share_height(self) -> None:
        height_px = lane_height_px(len(self._lanes), low=self.height() < _LOW_PAGE_PX)
        for lane in self._lanes.values():
            lane.setFixedHeight(height_px)

    @Slot()
    def _follow_page(self) -> None:
        page = self.traces.page
        right_px = self.traces.width() - page.right
        for lane in (*self._lanes.values(), *self._regions, self._overview):
            lane.set_margins(page.left, right_px)
        for lane in (*self._lanes.values(), *self._regions):
            lane.set_span(page.position_s, page.end_s - page.position_s)
        self._overview.set_page(page.position_s, self.traces.page_s)
        self.page_changed.emit(page.position_s, self.traces.page_s)


def trace_palette(theme: Theme) -> TracePalette:
    """Give the trace view a theme's colours."""
    names = ("paper", "ink", "muted", "grid", "grid_strong", "eeg", "emg", "eog", "ecg", "respiration", "other")
    names += ("spasm", "seizure", "accepted", "rejected", "unsure")
    return TracePalette(
        margin=theme.window.name(),
        label=theme.ink.name(),
        gap=theme.faint.name(),
        cursor=theme.accent.name(),
        selection=theme.accent.name(),
        event=theme.pattern.name(),
        **{name: getattr(theme, name).name() for name in names},
    )


def label_name(label: str) -> str:
    """Give the name of a vocabulary term that readers see; an unknown term is its own name."""
    term = load_vocabulary().by_spelling.get(label)
    return label if term is None else term.name


def _mark(event: ReviewEvent, selected: bool) -> EventMark:
    role = "detection" if event.decision is None else "annotation"
    name = label_name(event.label)
    text = name if event.probability is None else f"{name} {event.probability:.2f}"
    return EventMark(event.event_id, event.onset_s, event.duration_s, event.label, text, role, event.decision, selected)
