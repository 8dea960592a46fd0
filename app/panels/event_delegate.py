"""How a row of the event queue is painted: a shape and a word for the decision, a bar for the probability."""

from PySide6.QtCore import QAbstractItemModel, QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.panels.event_model import NESTED_ROLE, ROW_ROLE, Column, EventModel, Index, rate_text
from app.review import Finding, ReviewCluster, ReviewEvent, ReviewStatus
from app.theme import GRID_PX, SMALL_PX, TINY_PX, Theme, ui_font, with_alpha
from app.times import clock_text, duration_text
from inference.labels.vocabulary import load_vocabulary

ROW_PX = 40
MARK_PX = 10
#: Room before the times for the triangles of clusters.
INDENT_PX = 14


def paint_status(painter: QPainter, box: QRectF, status: ReviewStatus, colour: QColor) -> None:
    """Draw the shape of a status into a square box: diamond, dent, tick, cross, question mark or plus."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    x, y, side = box.x(), box.y(), box.width()

    def at(u: float, v: float) -> QPointF:
        return QPointF(x + u * side, y + v * side)

    if status is ReviewStatus.NEAR_MISS:
        painter.drawPolyline(QPolygonF([at(0, 0.15), at(0.5, 0.6), at(1, 0.15)]))
        painter.drawLine(at(0, 0.95), at(1, 0.95))
    elif status is ReviewStatus.TO_REVIEW:
        painter.setBrush(with_alpha(colour, 0.25))
        painter.setPen(QPen(colour, 1.2, Qt.PenStyle.DashLine))
        painter.drawPolygon(QPolygonF([at(0.5, 0), at(1, 0.5), at(0.5, 1), at(0, 0.5)]))
    elif status is ReviewStatus.ACCEPTED:
        painter.drawPolyline(QPolygonF([at(0.05, 0.55), at(0.38, 0.9), at(0.95, 0.12)]))
    elif status is ReviewStatus.REJECTED:
        painter.drawLine(at(0.1, 0.1), at(0.9, 0.9))
        painter.drawLine(at(0.9, 0.1), at(0.1, 0.9))
    elif status is ReviewStatus.ADDED:
        painter.drawLine(at(0.5, 0.05), at(0.5, 0.95))
        painter.drawLine(at(0.05, 0.5), at(0.95, 0.5))
    else:
        hook = QPainterPath(at(0.2, 0.28))
        hook.cubicTo(at(0.22, -0.1), at(0.85, -0.1), at(0.8, 0.3))
        hook.cubicTo(at(0.78, 0.48), at(0.5, 0.45), at(0.5, 0.68))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(hook)
        painter.drawPoint(at(0.5, 0.96))
    painter.restore()


class EventDelegate(QStyledItemDelegate):
    """Paints the queue's rows in a theme's colours.

    Signals
    -------
    fold_asked : the id of the cluster whose triangle was pressed.
    """

    fold_asked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 - Qt's name
        """Two lines of text."""
        return QSize(64, ROW_PX)

    def editorEvent(  # noqa: N802 - Qt's name
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """Ask for a cluster to be folded where its triangle is pressed."""
        row = index.data(ROW_ROLE)
        if (
            isinstance(event, QMouseEvent)
            and event.type() == QEvent.Type.MouseButtonPress
            and isinstance(row, ReviewCluster)
            and index.column() == Column.TIME
            and event.position().x() < option.rect.left() + INDENT_PX
        ):
            self.fold_asked.emit(row.cluster_id)
        return super().editorEvent(event, model, option, index)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one cell."""
        row = index.data(ROW_ROLE)
        model = index.model()
        assert isinstance(model, EventModel)
        painter.save()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        is_cluster = isinstance(row, ReviewCluster)
        paper = self.theme.window if is_cluster else self.theme.paper
        painter.fillRect(option.rect, self.theme.selection if selected else paper)
        if selected and index.column() == Column.TIME:
            painter.fillRect(QRect(option.rect.left(), option.rect.top(), 3, option.rect.height()), self.theme.accent)
        painter.setPen(self.theme.grid)
        painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())
        nested = bool(index.data(NESTED_ROLE))
        left = INDENT_PX if index.column() == Column.TIME else GRID_PX // 2
        right = GRID_PX if index.column() == Column.PROBABILITY else GRID_PX // 2
        if index.column() == Column.TIME:
            self._paint_nesting(painter, option.rect, is_cluster=is_cluster, nested=nested)
        inner = option.rect.adjusted(left, 4, -right, -4)
        first = QRect(inner.left(), inner.top(), inner.width(), inner.height() // 2)
        second = QRect(inner.left(), first.bottom() + 1, inner.width(), inner.height() // 2)
        if index.column() == Column.TIME:
            onset_s = row.spasms.onset_s if is_cluster else row.onset_s
            self._paint_lines(painter, first, second, index.data(), clock_text(model.start, onset_s))
        elif is_cluster:
            self._paint_cluster(painter, (first, second), row, index)
        elif index.column() == Column.LABEL:
            self._paint_label(painter, first, second, row, index.data())
        else:
            self._paint_probability(painter, inner, row, index.data())
        painter.restore()

    def _paint_nesting(self, painter: QPainter, box: QRect, *, is_cluster: bool, nested: bool) -> None:
        """Draw the triangle that folds a cluster, or the line beside the spasms under it."""
        if is_cluster:
            x, y = box.left() + INDENT_PX / 2, box.top() + 14.0
            corners = [(-4, -2), (4, -2), (0, 3)] if nested else [(-2, -4), (-2, 4), (3, 0)]
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.theme.ink)
            painter.drawPolygon(QPolygonF([QPointF(x + dx, y + dy) for dx, dy in corners]))
            painter.restore()
        elif nested:
            painter.fillRect(QRect(box.left() + INDENT_PX // 2 - 1, box.top(), 2, box.height()), self.theme.grid_strong)

    def _paint_cluster(
        self, painter: QPainter, lines: tuple[QRect, QRect], cluster: ReviewCluster, index: Index
    ) -> None:
        painter.setFont(ui_font(SMALL_PX))
        if index.column() == Column.LABEL:
            painter.setPen(self.theme.ink)
            painter.drawText(lines[0], Qt.AlignmentFlag.AlignVCenter, index.data())
            painter.setFont(ui_font(TINY_PX))
            painter.setPen(self.theme.muted)
            rate = rate_text(cluster)
            _draw_fitting(painter, lines[1], f"{duration_text(cluster.spasms.duration_s)} · {rate}", rate)
        else:
            painter.setPen(self.theme.ink if cluster.undecided else self.theme.muted)
            painter.drawText(lines[0], Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, index.data())

    def _paint_lines(self, painter: QPainter, first: QRect, second: QRect, text: str, below: str) -> None:
        painter.setFont(ui_font(SMALL_PX))
        painter.setPen(self.theme.ink)
        painter.drawText(first, Qt.AlignmentFlag.AlignVCenter, text)
        painter.setFont(ui_font(TINY_PX))
        painter.setPen(self.theme.muted)
        painter.drawText(second, Qt.AlignmentFlag.AlignVCenter, below)

    def _paint_label(self, painter: QPainter, first: QRect, second: QRect, event: ReviewEvent, name: str) -> None:
        colour = self._subject(event.label) if event.decision is None else self.theme.decision(event.decision)
        painter.setFont(ui_font(SMALL_PX))
        painter.setPen(self.theme.muted if event.status is ReviewStatus.REJECTED else self.theme.ink)
        _draw_fitting(painter, first, name, _short_name(event.label).capitalize())
        top = second.center().y() - MARK_PX / 2 + 0.5
        paint_status(painter, QRectF(second.left() + 0.5, top, MARK_PX - 1, MARK_PX - 1), event.status, colour)
        painter.setFont(ui_font(TINY_PX))
        painter.setPen(colour)
        room = second.adjusted(MARK_PX + 6, 0, 0, 0)
        _draw_fitting(painter, room, *_tell_status(event))

    def _paint_probability(self, painter: QPainter, inner: QRect, event: ReviewEvent, text: str) -> None:
        painter.setFont(ui_font(SMALL_PX))
        painter.setPen(self.theme.ink if event.probability is not None else self.theme.faint)
        line = QRect(inner.left(), inner.top(), inner.width(), inner.height() // 2)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
        if event.probability is None:
            return
        told = (Finding("", event.label, event.probability, event.model), *event.also[:1])
        for number, finding in enumerate(told):
            bar = QRectF(inner.left(), inner.center().y() + 4 + 6 * number, inner.width(), 4)
            painter.fillRect(bar, self.theme.grid_strong)
            reached = QRectF(bar.x(), bar.y(), bar.width() * finding.probability, bar.height())
            painter.fillRect(reached, self._subject(finding.label))

    def _subject(self, label: str) -> QColor:
        term = load_vocabulary().by_spelling.get(label)
        return self.theme.subject("" if term is None else term.role)


def _tell_status(event: ReviewEvent) -> tuple[str, ...]:
    """Write where an event stands and what else it is, in ever fewer words.

    Of an event that is still to be reviewed, the shape beside it says so.
    """
    if not event.also:
        return (str(event.status),)
    named = ", ".join(f"{_short_name(other.label)} {other.probability:.2f}" for other in event.also)
    if event.status is ReviewStatus.TO_REVIEW:
        return f"also {named}", f"+ {named}", f"+ {_short_name(event.also[0].label)}"
    return f"{event.status}, also {named}", str(event.status)


def _draw_fitting(painter: QPainter, box: QRect, *texts: str) -> None:
    """Write the first of some texts that fits, or as much of the last as does."""
    metrics = painter.fontMetrics()
    fitting = next((text for text in texts if metrics.horizontalAdvance(text) <= box.width()), texts[-1])
    shown = metrics.elidedText(fitting, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, shown)


def _short_name(label: str) -> str:
    term = load_vocabulary().by_spelling.get(label)
    return label if term is None else term.role if term.role in ("spasm", "seizure") else term.name
