"""The page of an EEG station: what it shows, how it moves through time, and how it is painted."""

import time
from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.traces import margins, overlay
from app.traces.display import PAGES_S, SENSITIVITIES_UV_PER_MM, DisplaySettings, step_through
from app.traces.geometry import (
    CALIBRATION_PX,
    RULER_PX,
    STRIP_PX,
    PageGeometry,
    Row,
    lay_out_rows,
    pixels_per_millimetre,
    scale_rows,
)
from app.traces.marks import EventMark, MarkIndex
from app.traces.palette import LIGHT, TracePalette
from app.traces.paper import Paper
from app.traces.plan import TracePlan, plan_traces
from app.traces.raster import TILE_COLUMNS
from app.traces.relevance import RelevanceLayer, RelevancePainter
from app.traces.tiles import Rendering, TileFeed
from inference.recordings.recording import ChannelKind, Recording
from inference.signals.montages import Montage

STEP_PAGES = 0.1
_SETTLE_LIMIT_S = 60.0
_NOTHING_PLANNED = TracePlan(Montage("", ()), (), ())


class TracePage(QWidget):
    """Traces, events, gaps and time from top to bottom and left to right, one painted widget.

    Painting blits what is there and leaves quiet paper where a tile is still being computed; the GUI thread reads no
    file and filters nothing. ``close_feed`` must be called before the widget is destroyed.

    Attributes
    ----------
    position_s, page_s : time at the left edge and seconds across the page.
    montage : what is shown, with notes on what could not be.
    page : the geometry, for lanes that share the time axis.

    Signals
    -------
    position_changed(float) : the time at the left edge.
    page_changed(float, float) : the time at the left edge and the seconds across the page; also after a resize.
    display_changed(object) : new ``DisplaySettings`` after the reader changed them on the page itself.
    failed(str) : the recording can no longer be read.
    """

    position_changed = Signal(float)
    page_changed = Signal(float, float)
    display_changed = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QWidget | None = None, palette: TracePalette = LIGHT) -> None:
        super().__init__(parent)
        self._recording: Recording | None = None
        self._display = DisplaySettings()
        self._colours = palette
        self._plan = _NOTHING_PLANNED
        self._rows: tuple[Row, ...] = ()
        self._gutter_px = margins.gutter_width((), self.font())
        self._content_px = 0.0
        self._scroll_px = 0.0
        self._position_s = 0.0
        self._direction = 1
        self._events = MarkIndex()
        self._file_marks = MarkIndex()
        self._selection: tuple[float, float] | None = None
        self._reshaped: EventMark | None = None
        self._hover: QPointF | None = None
        self._message = ""
        self._margins = margins.MarginPicture()
        self._relevance = RelevancePainter()
        self._feed = TileFeed(self)
        self._feed.tile_painted.connect(self._show_tile)
        self._feed.scales_surveyed.connect(self._render)
        self._feed.failed.connect(self._show_failure)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 200)
        self.setAccessibleName("Traces")

    # What is shown

    def set_recording(self, recording: Recording | None) -> None:
        """Show a recording from its start; None empties the page."""
        self._recording = recording
        self._position_s, self._scroll_px, self._message = 0.0, 0.0, ""
        self._selection = None
        notes = recording.annotations if recording is not None else ()
        self._file_marks = MarkIndex(
            EventMark(f"file-{n}", note.onset_s, note.duration_s, note.label, note.label, "file")
            for n, note in enumerate(notes)
        )
        self._prepare()

    def exchange_recording(self, recording: Recording) -> None:
        """Show the same recording as it is read in another way; page, rows and selection stay."""
        self._recording = recording
        self._prepare()

    def set_display(self, display: DisplaySettings) -> None:
        """Change montage, filters, sensitivities or time base; the time at the left edge stays."""
        if display != self._display:
            self._display = display
            self._prepare()

    def set_palette(self, palette: TracePalette) -> None:
        """Draw in other colours."""
        self._colours = palette
        self._render()

    def set_events(self, marks: Iterable[EventMark]) -> None:
        """Show these events, beside the annotations of the recording's own file, which need not be among them."""
        self._events = MarkIndex(marks)
        self.update()

    def set_selection(self, span: tuple[float, float] | None) -> None:
        """Show a stretch (onset, duration) as selected, or none."""
        self._selection = None if span is None else (span[0], span[0] + span[1])
        self.update()

    def set_relevance(self, layer: RelevanceLayer | None) -> None:
        """Paint behind the ink what spoke for an event and against it, or nothing."""
        self._relevance.layer = layer
        self.update()

    @property
    def selection_s(self) -> tuple[float, float] | None:
        """The stretch (onset, duration) that is selected, None where there is none."""
        if self._selection is None:
            return None
        onset_s, end_s = min(self._selection), max(self._selection)
        return onset_s, end_s - onset_s

    @property
    def display(self) -> DisplaySettings:
        """The settings that the page is drawn with."""
        return self._display

    @property
    def montage(self) -> Montage:
        """The montage that is shown, which may not be the one asked for; its notes say why."""
        return self._plan.montage

    @property
    def position_s(self) -> float:
        """Time at the left edge, in seconds from the start of the recording."""
        return self._position_s

    @property
    def page_s(self) -> float:
        """Seconds across the page."""
        return self._display.page_s

    @property
    def pixels_per_mm(self) -> float:
        """Logical pixels of a millimetre on this screen."""
        return pixels_per_millimetre(self.screen().physicalDotsPerInch())

    @property
    def page(self) -> PageGeometry:
        """Where the page lies in this widget, and which times it shows."""
        right = max(self._gutter_px + 1, self.width() - CALIBRATION_PX)
        ratio = self.devicePixelRatioF()
        columns_per_s = (right - self._gutter_px) * ratio / self.page_s
        return PageGeometry(
            left=self._gutter_px,
            right=right,
            top=STRIP_PX,
            bottom=max(STRIP_PX + 1, self.height() - RULER_PX),
            page_s=self.page_s,
            first_column=round(self._position_s * columns_per_s),
            columns_per_s=columns_per_s,
            pixel_ratio=ratio,
            scroll_px=self._scroll_px,
        )

    @property
    def missing_share(self) -> float:
        """The share of the visible page that is still being computed, 0 to 1."""
        visible = self._visible_tiles()
        missing = sum(not self._feed.is_current(number) for number in visible)
        return missing / max(1, len(visible)) if self._recording is not None else 0.0

    def settle(self) -> None:
        """Wait until the visible page is painted; for screenshots and tests, never for the window."""
        self._ask_for_tiles()
        deadline = time.monotonic() + _SETTLE_LIMIT_S
        while self.missing_share > 0 and not self._message and time.monotonic() < deadline:
            QCoreApplication.processEvents()
            time.sleep(0.001)
        self.update()

    def close_feed(self) -> None:
        """End the threads that compute tiles."""
        self._feed.close()

    # Moving

    @Slot(float)
    def go_to(self, time_s: float) -> None:
        """Put a time at the left edge; the page stays within the recording."""
        position_s = min(max(0.0, time_s), self._latest_s)
        if position_s != self._position_s:
            self._direction = 1 if position_s > self._position_s else -1
            self._position_s = position_s
            self._ask_for_tiles()
            self.update()
            self.position_changed.emit(position_s)
            self.page_changed.emit(position_s, self.page_s)

    @Slot(float)
    def centre_on(self, time_s: float) -> None:
        """Put a time in the middle of the page."""
        self.go_to(time_s - self.page_s / 2)

    @Slot()
    def page_forward(self) -> None:
        """Turn one page on."""
        self.go_to(self._position_s + self.page_s)

    @Slot()
    def page_backward(self) -> None:
        """Turn one page back."""
        self.go_to(self._position_s - self.page_s)

    @Slot()
    def step_forward(self) -> None:
        """Move on by a tenth of a page."""
        self.go_to(self._position_s + STEP_PAGES * self.page_s)

    @Slot()
    def step_backward(self) -> None:
        """Move back by a tenth of a page."""
        self.go_to(self._position_s - STEP_PAGES * self.page_s)

    def scroll_rows(self, pixels: float) -> None:
        """Move down a page that has more channels than fit."""
        page_px = self.height() - STRIP_PX - RULER_PX
        self._scroll_px = min(max(0.0, self._scroll_px + pixels), max(0.0, self._content_px - page_px))
        self._margins.forget()
        self.update()

    def change_page(self, n_steps: int, anchor_s: float | None = None) -> None:
        """Show more (positive) or fewer seconds; ``anchor_s`` stays where it is on the screen."""
        page_s = step_through(PAGES_S, self.page_s, n_steps)
        anchor_s = self._position_s if anchor_s is None else anchor_s
        share = (anchor_s - self._position_s) / self.page_s
        self.set_display(replace(self._display, page_s=page_s))
        self.go_to(anchor_s - share * page_s)
        self.display_changed.emit(self._display)

    def change_sensitivity(self, n_steps: int, kind: ChannelKind = ChannelKind.EEG) -> None:
        """Draw smaller (positive steps: more microvolts per millimetre) or larger."""
        name = "emg_uv_per_mm" if kind is ChannelKind.EMG else "eeg_uv_per_mm"
        value = step_through(SENSITIVITIES_UV_PER_MM, getattr(self._display, name), n_steps)
        self.set_display(replace(self._display, **{name: value}))
        self.display_changed.emit(self._display)

    # Feeding

    def _prepare(self) -> None:
        channels = self._recording.channels if self._recording is not None else ()
        self._plan = plan_traces(channels, self._display) if channels else _NOTHING_PLANNED
        self._gutter_px = margins.gutter_width([trace.label for trace in self._plan.traces], self.font())
        self._feed.set_signals(self._recording, self._plan, self.page_s)
        self._position_s = min(self._position_s, self._latest_s)
        self._render()
        self.page_changed.emit(self._position_s, self.page_s)

    @Slot()
    def _render(self) -> None:
        """Lay the rows out anew and ask for tiles that fit."""
        page = self.page
        self._rows, self._content_px = lay_out_rows(self._plan, page.bottom - page.top)
        self._margins.forget()
        self.scroll_rows(0.0)
        if self._feed.scales is not None:
            rendering = Rendering(
                rows=scale_rows(self._rows, self._display, self._feed.scales, self.pixels_per_mm, page.pixel_ratio),
                colours=tuple(int(self._colours.of_kind(group.kind)[1:], 16) for group in self._plan.groups),
                height=round(self._content_px * page.pixel_ratio),
                paper=self._paper(page),
            )
            self._feed.set_rendering(rendering)
            self._ask_for_tiles()
        self.update()

    def _visible_tiles(self) -> range:
        page = self.page
        first = page.first_column // TILE_COLUMNS
        last_column = page.first_column + round(page.width * page.pixel_ratio) - 1
        return range(first, min(last_column // TILE_COLUMNS, self._last_tile(page)) + 1)

    def _last_tile(self, page: PageGeometry) -> int:
        duration_s = self._recording.duration_s if self._recording is not None else 0.0
        return int(duration_s * page.columns_per_s) // TILE_COLUMNS

    def _ask_for_tiles(self) -> None:
        """Want what is visible, then the page ahead in the direction of travel, then the page behind."""
        if self._recording is None:
            return
        visible = self._visible_tiles()
        last = self._last_tile(self.page)
        after = range(visible.stop, min(visible.stop + len(visible), last + 1))
        before = range(visible.start - 1, max(visible.start - len(visible), 0) - 1, -1)
        beyond = (after, before) if self._direction > 0 else (before, after)
        self._feed.want([*visible, *beyond[0], *beyond[1]])

    @property
    def _latest_s(self) -> float:
        return max(0.0, (self._recording.duration_s if self._recording is not None else 0.0) - self.page_s)

    @Slot(int)
    def _show_tile(self, number: int) -> None:
        if number in self._visible_tiles():
            self.update()

    @Slot(str)
    def _show_failure(self, sentence: str) -> None:
        self._message = sentence
        self.update()
        self.failed.emit(sentence)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Lay the page out anew."""
        super().resizeEvent(event)
        self._render()
        self.page_changed.emit(self._position_s, self.page_s)

    # Painting

    def marks_on_page(self) -> list[EventMark]:
        """Give the events of the visible page in order of onset, one being pulled in its new shape."""
        page = self.page
        marks = self._events.between(page.position_s, page.end_s)
        pulled = self._reshaped
        return [pulled if pulled is not None and mark.event_id == pulled.event_id else mark for mark in marks]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint paper, events, grid and gaps, then the traces, then what lies over them, then the margins."""
        page = self.page
        marks = self.marks_on_page()
        with QPainter(self) as painter:
            painter.setFont(margins.sized(self.font(), margins.SMALL_PX))
            for margin in QRegion(self.rect()) - QRegion(page.left, page.top, page.width, page.bottom - page.top):
                painter.fillRect(margin, QColor(self._colours.margin))
            painter.save()
            painter.setClipRect(QRectF(page.left, page.top, page.width, page.bottom - page.top))
            self._paint_traces(painter, page, marks)
            painter.restore()
            self._paint_margins(painter, page)
            file_marks = self._file_marks.between(page.position_s, page.end_s)
            overlay.paint_strip(painter, page, [*marks, *file_marks], self._colours)
            if self._recording is not None:
                start, duration_s = self._recording.start, self._recording.duration_s
                margins.paint_ruler(painter, page, start, duration_s, self._colours)
                if self._hover is not None:
                    margins.paint_readout(painter, page, self._hover.x(), start, self._colours)

    def _paint_traces(self, painter: QPainter, page: PageGeometry, marks: list[EventMark]) -> None:
        if self._recording is None or self._message or not self._plan.traces:
            overlay.paint_message(painter, page, self._message_text(), self._colours)
            return
        for number in self._visible_tiles():
            image = self._feed.tile(number)
            x = page.left + (number * TILE_COLUMNS - page.first_column) / page.pixel_ratio
            if image is not None:
                painter.drawImage(QPointF(x, page.top - page.scroll_px), image)
            else:
                box = QRectF(x, page.top, TILE_COLUMNS / page.pixel_ratio, page.bottom - page.top)
                self._paper(page).paint(painter, box, number * TILE_COLUMNS)
        end = page.x_of(self._recording.duration_s)
        if end < page.right:
            painter.fillRect(QRectF(end, 0, page.right - end, page.bottom), QColor(self._colours.margin))
        self._relevance.paint(painter, page, self._rows, self._plan.traces, self._colours)
        overlay.paint_gaps(painter, page, self._recording.gaps, self._colours)
        overlay.paint_bands(painter, page, marks, self._colours, self._relevance.covers)
        for mark in marks:
            if mark.selected and mark.role != "file":
                overlay.paint_handles(painter, page, mark, self._colours)
        if self._selection is not None:
            overlay.paint_selection(painter, page, self._selection, self._colours)
        self._relevance.paint_legend(painter, page, self._colours)
        if self._hover is not None:
            overlay.paint_cursor(painter, page, self._hover, self._colours)

    def _paper(self, page: PageGeometry) -> Paper:
        colours = self._colours
        return Paper(colours.paper, colours.grid, colours.grid_strong, page.columns_per_s, page.pixel_ratio)

    def _message_text(self) -> str:
        if self._recording is None:
            return "Open a recording to see its traces."
        return self._message or "Every channel is hidden. Choose in the display settings what to show."

    def _paint_margins(self, painter: QPainter, page: PageGeometry) -> None:
        """Paint labels and calibration, which change with the layout but not with time."""
        scale = margins.CalibrationScale(self._display, self.pixels_per_mm, self._feed.scales or {})
        self._margins.paint(painter, page, self.size(), self._rows, self._colours, scale=scale)
