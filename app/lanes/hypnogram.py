"""The hypnogram lane: the stage of every epoch of the recording, a person's solid above a network's dashed."""

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen, QPolygonF

from app.lanes.night import NightLane
from app.theme import GRID_PX, Theme, with_alpha
from app.times import elapsed_text
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_stages import AASM, UNSCORED

_ROW_PX = 12
_PAD_PX = 3
#: REM is the thick line of a hypnogram on paper.
_REM_PX, _BAR_PX = 7, 4
_DRAG_PX = 4.0


def hypnogram_height_px(n_levels: int) -> int:
    """Give the height that some levels need."""
    return n_levels * _ROW_PX + 2 * _PAD_PX


class HypnogramLane(NightLane):
    """Stages from wake at the top to the deepest sleep at the bottom.

    A press goes to that epoch; while sleep is scored, dragging takes a range of epochs.

    Signals
    -------
    range_taken : onset and duration of the whole epochs that were dragged over.
    """

    range_taken = Signal(float, float)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, hypnogram_height_px(len(AASM.codes)))
        self._scored: Hypnogram | None = None
        self._predicted: Hypnogram | None = None
        self._levels = AASM.levels
        self._takes_ranges = False
        self._range: tuple[float, float] | None = None
        self._pressed_px: float | None = None
        self._name()

    def set_stages(self, scored: Hypnogram | None, predicted: Hypnogram | None) -> None:
        """Show what a person scored and what a network says, which is drawn in the person's set of stages."""
        if scored is not None and predicted is not None:
            predicted = predicted.to_set(scored.stage_set)
        self._scored, self._predicted = scored, predicted
        shown = scored or predicted
        self._levels = (AASM if shown is None else shown.stage_set).levels
        self.setFixedHeight(hypnogram_height_px(len(self._levels)))
        self._name()
        self.repaint_all()

    def set_scoring(self, scoring: bool) -> None:
        """Let the mouse take ranges of epochs, or only go to them."""
        self._takes_ranges = scoring
        self.setCursor(Qt.CursorShape.CrossCursor if scoring else Qt.CursorShape.PointingHandCursor)

    def set_range(self, span: tuple[float, float] | None) -> None:
        """Show a range (onset, duration) as taken, or none."""
        self._range = span
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Take hold of an epoch, or go to it."""
        if not self._takes_ranges:
            super().mousePressEvent(event)
        elif event.button() is Qt.MouseButton.LeftButton:
            self._pressed_px = event.position().x()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Pull the range, or go along."""
        if not self._takes_ranges:
            super().mouseMoveEvent(event)
        elif self._pressed_px is not None and abs(event.position().x() - self._pressed_px) >= _DRAG_PX:
            self.set_range(self._whole_epochs(self._pressed_px, event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Take the range that was pulled, or go to the epoch that was pressed."""
        pressed_px, self._pressed_px = self._pressed_px, None
        if pressed_px is None:
            return
        if abs(event.position().x() - pressed_px) >= _DRAG_PX and self._range is not None:
            self.range_taken.emit(*self._range)
        else:
            self.time_chosen.emit(self.axis.to_s(event.position().x()))

    def _whole_epochs(self, first_px: float, second_px: float) -> tuple[float, float]:
        grid = self._scored or self._predicted
        epoch_s, onset_s = (30.0, 0.0) if grid is None else (grid.epoch_s, grid.onset_s)
        times = sorted(min(max(self.axis.to_s(x), 0.0), self._duration_s) for x in (first_px, second_px))
        first, last = (int((time_s - onset_s) // epoch_s) for time_s in times)
        return onset_s + first * epoch_s, (last - first + 1) * epoch_s

    def _name(self) -> None:
        parts = (
            "" if self._scored is None else f"solid: {self._scored.scorer}, {self._scored.stage_set.name}",
            "" if self._predicted is None else f"dashed: {self._predicted.scorer}, not clinically validated",
        )
        text = "; ".join(part for part in parts if part) or "nothing is scored yet"
        self.setAccessibleName(f"Hypnogram of the whole recording: {text}")
        self.setToolTip(f"Hypnogram. {text[0].upper()}{text[1:]}. Press to go to an epoch.")

    def _y(self, code: str) -> float:
        return _PAD_PX + (self._levels.index(code) + 0.5) * _ROW_PX

    def _paint_picture(self, painter: QPainter) -> None:
        axis = self.axis
        for code in self._levels:
            y = round(self._y(code)) + 0.5
            painter.setPen(QPen(self.theme.grid, 1))
            painter.drawLine(QPointF(axis.left_px, y), QPointF(axis.right_px, y))
            painter.setPen(self.theme.muted)
            box = QRectF(2, y - _ROW_PX / 2 - 1, axis.left_px - GRID_PX - 2, _ROW_PX + 1)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, code)
        painter.save()
        painter.setClipRect(QRectF(axis.left_px, 1, axis.width_px, self.height()))
        if self._predicted is not None:
            self._paint_stages(painter, self._predicted, with_alpha(self.theme.ink, 0.55), is_prediction=True)
        if self._scored is not None:
            self._paint_stages(painter, self._scored, self.theme.ink, is_prediction=False)
        painter.restore()

    def _paint_stages(self, painter: QPainter, hypnogram: Hypnogram, ink: QColor, *, is_prediction: bool) -> None:
        """Draw bars in the stages' colours, REM thick, and a line from stage to stage; unscored epochs break it."""
        axis = self.axis
        opacity = 0.45 if is_prediction else 1.0
        line = QPolygonF()
        pen = QPen(ink, 1, Qt.PenStyle.DashLine if is_prediction else Qt.PenStyle.SolidLine)
        asleep = {stage.code: stage.asleep for stage in hypnogram.stage_set.stages}
        for bout in hypnogram.bouts():
            if bout.stage == UNSCORED:
                _draw(painter, line, pen)
                line = QPolygonF()
                continue
            left, right, y = axis.to_px(bout.onset_s), axis.to_px(bout.end_s), round(self._y(bout.stage)) + 0.5
            thick = _REM_PX if bout.stage == "R" else _BAR_PX
            colour = self.theme.stage(bout.stage, asleep=asleep[bout.stage])
            painter.fillRect(QRectF(left, y - thick / 2, max(1.0, right - left), thick), with_alpha(colour, opacity))
            line.append(QPointF(left, y))
            line.append(QPointF(right, y))
        _draw(painter, line, pen)

    def _paint_above(self, painter: QPainter) -> None:
        self._paint_page(painter)
        if self._range is None:
            return
        onset_s, duration_s = self._range
        left, right = self.axis.to_px(onset_s), self.axis.to_px(onset_s + duration_s)
        painter.setPen(QPen(self.theme.accent, 1, Qt.PenStyle.DashLine))
        painter.setBrush(with_alpha(self.theme.accent, 0.3))
        painter.drawRect(QRectF(left, 0.5, right - left, self.height() - 1.5))
        text = f"{elapsed_text(onset_s, 0)} to {elapsed_text(onset_s + duration_s, 0)}: press a stage's key"
        width = painter.fontMetrics().horizontalAdvance(text) + GRID_PX
        box = QRectF(min(max(left, self.axis.left_px), self.axis.right_px - width), _PAD_PX, width, _ROW_PX + 2)
        painter.fillRect(box, with_alpha(self.theme.paper, 0.92))
        painter.setPen(self.theme.ink)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def _draw(painter: QPainter, line: QPolygonF, pen: QPen) -> None:
    if line.size():
        painter.setPen(pen)
        painter.drawPolyline(line)
