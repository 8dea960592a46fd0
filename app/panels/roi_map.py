"""The ROI map: the brain at the time of the page, as cuts or as a matrix of regions, with what must be said of it."""

from typing import Final

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.fmri.run import FmriRun
from app.panels.fmri.controls import SOURCES, MapControls
from app.panels.fmri.feed import FrameFeed
from app.panels.fmri.foot import MapFoot
from app.panels.fmri.frames import Frame, FrameRequest, Mode, Source
from app.panels.fmri.geometry import Millimetres, Space, space_of
from app.panels.fmri.matrix import RegionMatrix
from app.panels.fmri.message import MapMessage
from app.panels.fmri.slices import SliceView, Spot
from app.panels.fmri.words import tell_region, tell_relevance, tell_run, tell_spot, tell_value, tell_volume
from app.theme import GRID_PX, Theme
from inference.explain.regions import RegionRelevance
from inference.imaging.alignment import ClockSource
from inference.imaging.fmri_study import FmriStudy

_MODES: Final = {Mode.PLANES: "Planes", Mode.MOSAIC: "Mosaic", Mode.REGIONS: "Regions"}
_NOT_IN_MATRIX: Final = (Source.VOXELS, Source.PERCENT, Source.RELEVANCE)
_START_MM: Millimetres = (0.0, -20.0, 10.0)


class RoiMap(QWidget):
    """The fMRI panel.

    Signals
    -------
    relevance_asked : the time at which the reader wants to know what the network's stage rests on.
    region_chosen(int, bool) : the label of a region, and whether its lane is to stand beside the others.
    time_chosen : seconds. ``volume_shown`` : the volume on the map, None outside the run.
    offset_chosen : seconds, or None for where the files place the run. ``lag_chosen``, ``tr_chosen`` : seconds.
    open_asked, registration_asked : the reader wants to name a file. ``cleaning_asked``, ``tr_asked`` : or to set how
        signals are cleaned, or the TR.
    failed : the image can no longer be read; one sentence.

    Lives in the GUI thread; `close_feed` ends the thread that it started.
    """

    region_chosen = Signal(int, bool)
    relevance_asked = Signal(float)
    time_chosen = Signal(float)
    volume_shown = Signal(object)
    offset_chosen = Signal(object)
    lag_chosen = Signal(float)
    tr_chosen = Signal(float)
    open_asked = Signal()
    registration_asked = Signal()
    cleaning_asked = Signal()
    tr_asked = Signal()
    failed = Signal(str)

    def __init__(self, theme: Theme, lag_s: float, *, radiological: bool) -> None:
        super().__init__()
        self.theme = theme
        self.study: FmriStudy | None = None
        self.mode = Mode.PLANES
        self.region = 0
        self.radiological = radiological
        self._space: Space | None = None
        self._centre_mm = _START_MM
        self._time_s = 0.0
        self._relevance: RegionRelevance | None = None
        self._why_no_relevance = ""
        self._frame: Frame | None = None
        self._asked: FrameRequest | None = None
        self.feed = FrameFeed(self)
        self.controls = MapControls(theme, lag_s)
        self.slices = SliceView(theme)
        self.matrix = RegionMatrix(theme)
        self.message = MapMessage()
        self._make_labels()
        self._lay_out()
        self._connect()
        self.show_run(None)

    # What is shown

    @property
    def volume(self) -> int | None:
        """The volume on the map: that of the time of the page, the lag later."""
        if self.study is None:
            return None
        return self.study.alignment.volume_at(self._time_s, self.controls.lag_s)

    @property
    def awaits_relevance(self) -> bool:
        """Whether what the stage rests on was asked for and is still being found out."""
        return self.controls.source is Source.RELEVANCE and self._why_no_relevance.endswith("…")

    def show_run(self, run: FmriRun | None) -> None:
        """Show how an fMRI run stands, and itself where it is open."""
        study = None if run is None else run.study
        if study is not self.study:
            self._take_study(study)
        if study is not None and run is not None:
            alignment = study.alignment
            self.controls.set_offset(alignment.offset_s, alignment.source is ClockSource.HAND)
            self._stack.setCurrentWidget(self._map)
            self.foot.set_tr(alignment.tr_s)
            self.foot.set_lines(tell_run(study, run.own_offset_s))
            self._ask()
            return
        self.message.show_run(run)
        self._stack.setCurrentWidget(self.message)

    def set_time(self, time_s: float) -> None:
        """Follow the page or the cursor."""
        self._time_s = time_s
        self._ask()

    def show_relevance(self, relevance: RegionRelevance | None, why_not: str) -> None:
        """Show what the network's stage rests on, or say why that is not known."""
        self._relevance, self._why_no_relevance = relevance, why_not
        self._ask_frame()
        self._show_under(())

    def set_mode(self, mode: Mode) -> None:
        """Lay the brain out in another way."""
        if mode is Mode.REGIONS and self.study is not None and self.study.series is None:
            return
        self.mode = mode
        self._tabs.setCurrentIndex(list(_MODES).index(mode))
        self._views.setCurrentWidget(self.matrix if mode is Mode.REGIONS else self.slices)
        if mode is Mode.REGIONS and self.controls.source in _NOT_IN_MATRIX:
            self.controls.set_source(Source.REGIONS)
        self._ask()

    def set_source(self, source: Source) -> None:
        """Show something else of the volume."""
        if source is not Source.VOXELS and self.study is not None and self.study.series is None:
            return
        self.controls.set_source(source)
        if source in _NOT_IN_MATRIX and self.mode is Mode.REGIONS:
            self.set_mode(Mode.PLANES)
        self._ask()

    def next_source(self) -> None:
        """Show what comes next in the list."""
        sources = list(SOURCES)
        self.set_source(sources[(sources.index(self.controls.source) + 1) % len(sources)])

    def set_radiological(self, radiological: bool) -> None:
        """Show the patient's right on the left, as radiologists do, or on the right."""
        self.radiological = radiological
        self._side.setText("Radiological" if radiological else "Neurological")
        self._ask()

    def select_region(self, label: int) -> None:
        """Choose a region, and put the cross into it."""
        self.region = label
        if self.study is not None and label:
            self._centre_mm = self.study.atlas.parcels[label - 1].centroid_mm
        self._ask()

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self.theme = theme
        for part in (self.slices, self.matrix):
            part.theme = theme
            part.update()
        self.controls.set_theme(theme)
        self._ask()

    def close_feed(self) -> None:
        """End the thread that renders."""
        self.feed.close()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Fit the pictures into another width."""
        super().resizeEvent(event)
        self._fit_views()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Catch up with what was scrolled past while the panel was folded away."""
        super().showEvent(event)
        self._ask()

    # Putting together

    def _make_labels(self) -> None:
        self._heading = _label("strong")
        self._under = _label("small")
        self._under.setWordWrap(True)
        self._under.setFixedHeight(4 * GRID_PX)
        self._under.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.foot = MapFoot()
        self._tabs = QTabBar()
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        self._tabs.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for name in _MODES.values():
            self._tabs.addTab(name)
        self._side = QToolButton()
        self._side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._side.setToolTip("Radiological: the patient's right is on the left. Press to change.")
        self._side.setText("Radiological" if self.radiological else "Neurological")

    def _lay_out(self) -> None:
        self._views = QStackedWidget()
        self._views.addWidget(self.slices)
        self._views.addWidget(self.matrix)
        self._map = QWidget()
        column = QVBoxLayout(self._map)
        column.setContentsMargins(0, 0, 0, GRID_PX)
        column.setSpacing(GRID_PX // 2)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, GRID_PX // 2, 0)
        row.addWidget(self._tabs)
        row.addStretch(1)
        row.addWidget(self._side)
        column.addLayout(row)
        column.addWidget(self._heading)
        column.addWidget(self._views, 100)
        column.addWidget(self._under)
        column.addWidget(self.controls)
        column.addWidget(self.foot, 1)
        for widget in (self._heading, self._under):
            widget.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        self._stack.addWidget(self._map)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)

    def _connect(self) -> None:
        self.feed.rendered.connect(self._show_frame)
        self.feed.failed.connect(self.failed)
        self._tabs.tabBarClicked.connect(self._choose_mode)
        self._side.clicked.connect(self._flip)
        self.message.open_asked.connect(self.open_asked)
        self.message.tr_chosen.connect(self.tr_chosen)
        self.foot.registration_asked.connect(self.registration_asked)
        self.foot.cleaning_asked.connect(self.cleaning_asked)
        self.foot.tr_asked.connect(self.tr_asked)
        self.controls.source_chosen.connect(self.set_source)
        self.controls.scale_changed.connect(self._ask)
        self.controls.lag_chosen.connect(self.lag_chosen)
        self.controls.lag_chosen.connect(self._ask)
        self.controls.offset_chosen.connect(self.offset_chosen)
        self.slices.hovered.connect(self._show_spot)
        self.slices.pressed.connect(self._press)
        self.slices.dragged.connect(self._move_cross)
        self.matrix.hovered.connect(self._show_cell)
        self.matrix.region_chosen.connect(self.region_chosen)
        self.matrix.time_chosen.connect(self.time_chosen)

    # Working

    def _take_study(self, study: FmriStudy | None) -> None:
        same_run = study is not None and self.study is not None and study.volumes is self.study.volumes
        self.study = study
        self._frame = self._asked = None
        if study is None:
            self.feed.forget()
            self.slices.set_frame(None)
            return
        self._space = space_of(study)
        named = study.labels is not None
        self.controls.set_named(named)
        self._tabs.setTabEnabled(list(_MODES).index(Mode.REGIONS), named)
        self.foot.set_named(named)
        if not same_run:
            self.region = 0
            middle = np.add(self._space.low_mm, self._space.high_mm) / 2
            self._centre_mm = _START_MM if named else (float(middle[0]), float(middle[1]), float(middle[2]))
            if not named:
                self.set_mode(Mode.PLANES)

    @Slot()
    def _ask(self) -> None:
        if self.study is not None:
            self._heading.setText(tell_volume(self.study, self.volume))
        self.volume_shown.emit(self.volume)
        if self.study is not None and self.isVisible() and self.controls.source is Source.RELEVANCE:
            self.relevance_asked.emit(self._time_s)
        self._ask_frame()

    def _ask_frame(self) -> None:
        if self.study is None or not self.isVisible():
            return
        is_planes = self.mode is Mode.PLANES
        request = FrameRequest(
            self.study,
            self.mode,
            self.controls.source,
            self.volume,
            self._centre_mm if is_planes else (0.0, 0.0, 0.0),
            self.region,
            self.controls.scale,
            self.radiological,
            self.theme.dark,
            self._relevance if self.controls.source is Source.RELEVANCE else None,
        )
        # Many positions of the page share one volume.
        if request != self._asked:
            self._asked = request
            self.feed.ask(request)

    @Slot(object)
    def _show_frame(self, frame: Frame) -> None:
        self._frame = frame
        if frame.request.mode is Mode.REGIONS:
            self.matrix.set_frame(frame)
        else:
            self.slices.set_frame(frame, self._lines_at_cross(frame))
        self._show_under(())
        self._fit_views()

    def _fit_views(self) -> None:
        """Give the pictures the height that they can fill; the rest is the foot's."""
        view = self.matrix if self.mode is Mode.REGIONS else self.slices
        self._views.setMaximumHeight(view.height_for(self.width()))

    def _lines_at_cross(self, frame: Frame) -> tuple[str, ...]:
        """Tell of the place under the cross: its region, network, coordinates and value."""
        if frame.request.mode is not Mode.PLANES or self.study is None:
            return ()
        picture = frame.pictures[0]
        column, row = (round(value) for value in picture.plane.pixel(frame.request.centre_mm))
        if not (0 <= row < picture.plane.n_rows and 0 <= column < picture.plane.n_columns):
            return ()
        spot = Spot(frame.request.centre_mm, int(picture.labels[row, column]), float(picture.values[row, column]))
        return self._tell(spot)

    def _tell(self, spot: Spot) -> tuple[str, ...]:
        assert self.study is not None and self._space is not None
        return tell_spot(self.study, spot, self._space.name, SOURCES[self.controls.source].unit)

    @Slot(object)
    def _show_spot(self, spot: Spot | None) -> None:
        self._show_under(() if spot is None or self.study is None else self._tell(spot))

    @Slot(str)
    def _show_cell(self, sentence: str) -> None:
        self._show_under((sentence,) if sentence else ())

    def _show_under(self, told: tuple[str, ...]) -> None:
        """Tell what is under the mouse; while it is elsewhere, of the chosen region where no cross tells of it."""
        frame = self._frame
        if not told and self.controls.source is Source.CONNECTIVITY and not self.region:
            told = ("Press a region to see which others go with it.",)
        elif not told and self.controls.source is Source.RELEVANCE:
            told = (self._why_no_relevance if self._relevance is None else tell_relevance(self._relevance),)
        elif not told and frame is not None and self.mode is not Mode.PLANES and self.region and self.study is not None:
            values, source = frame.region_values, frame.request.source
            told = tell_region(self.study, self.region)
            if values is not None and source is not Source.CONNECTIVITY:
                told = (*told, *tell_value(float(values[self.region - 1]), SOURCES[source].unit))
        self._under.setText("  ·  ".join(told))

    @Slot(object, bool)
    def _press(self, spot: Spot, beside: bool) -> None:
        if self.mode is Mode.PLANES:
            self._centre_mm = spot.place_mm
        if spot.region:
            self.region = spot.region
            self.region_chosen.emit(spot.region, beside)
        self._ask()

    @Slot(object)
    def _move_cross(self, place_mm: Millimetres) -> None:
        self._centre_mm = place_mm
        self._ask()

    @Slot(int)
    def _choose_mode(self, index: int) -> None:
        if index >= 0:
            self.set_mode(list(_MODES)[index])

    @Slot()
    def _flip(self) -> None:
        self.set_radiological(not self.radiological)


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
