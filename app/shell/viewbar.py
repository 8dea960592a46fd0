"""The bar above the traces: menu, the view's controls with their values, analysis, and which network speaks."""

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QPen, QPolygon, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from app.shortcuts import ActionTable
from app.steps import CONTROLS, Control, Value
from app.theme import GRID_PX, SMALL_PX, TEXT_PX, TINY_PX, Theme, ui_font
from app.traces.display import DisplaySettings

BAR_PX = 5 * GRID_PX


class StepButton(QAbstractButton):
    """A caption above a value; pressing offers all values, the wheel steps through them.

    Signals
    -------
    chosen : the control's id and the value that the reader chose from its list.
    stepped : the control's id and the direction of the wheel.
    """

    chosen = Signal(str, object)
    stepped = Signal(str, int)

    def __init__(self, control: Control, theme: Theme, tool_tip: str) -> None:
        super().__init__()
        self.control = control
        self.theme = theme
        self._value: Value = None
        self.setToolTip(tool_tip)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.clicked.connect(self._offer)

    def set_value(self, value: Value) -> None:
        """Show the value that is in force."""
        self._value = value
        self.setAccessibleName(f"{self.control.caption}: {self.control.text(value)}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Leave room for the widest of the values, so that nothing moves when one changes."""
        metrics = self.fontMetrics()
        widest = max(metrics.horizontalAdvance(self.control.text(step)) for step in self.control.steps)
        return QSize(widest + 3 * GRID_PX, BAR_PX)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Step through the values."""
        if self.isEnabled() and event.angleDelta().y():
            self.stepped.emit(self.control.control_id, 1 if event.angleDelta().y() > 0 else -1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint caption, value and a small arrow."""
        with QPainter(self) as painter:
            if self.isEnabled() and self.underMouse():
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self.theme.line)
                painter.drawRoundedRect(self.rect().adjusted(1, 3, -1, -3), 4, 4)
            inner = self.rect().adjusted(GRID_PX, 4, -GRID_PX // 2, -4)
            painter.setFont(ui_font(TINY_PX))
            painter.setPen(self.theme.muted if self.isEnabled() else self.theme.faint)
            painter.drawText(inner, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, self.control.caption)
            painter.setFont(ui_font(TEXT_PX))
            painter.setPen(self.theme.ink if self.isEnabled() else self.theme.faint)
            text = self.control.text(self._value)
            painter.drawText(inner, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, text)
            self._paint_arrow(painter, inner.left() + painter.fontMetrics().horizontalAdvance(text) + 6, inner.bottom())

    def _paint_arrow(self, painter: QPainter, x: int, bottom: int) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.theme.faint, 1.2))
        y = bottom - 8
        painter.drawPolyline(QPolygon([QPoint(x, y), QPoint(x + 3, y + 3), QPoint(x + 6, y)]))

    def _offer(self) -> None:
        menu = QMenu(self)
        for step in self.control.steps:
            action = menu.addAction(self.control.text(step))
            action.setCheckable(True)
            action.setChecked(step == self._value)
            action.setData(step)
        picked = menu.exec(self.mapToGlobal(QPoint(0, self.height())))
        menu.deleteLater()
        if picked is not None:
            self.chosen.emit(self.control.control_id, picked.data())


class ModelNotice(QWidget):
    """Which network speaks, and that it learned from simulated patients: never out of sight while a model is in use."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._name, self._warning = "", ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(BAR_PX)

    def set_text(self, name: str, warning: str) -> None:
        """Show a name and version, and what must be known before they are trusted."""
        self._name, self._warning = name, warning
        self.setToolTip(f"{name}: {warning}" if warning else name)
        self.setAccessibleName(f"{name}, {warning}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for the longer of the two lines."""
        metrics = self.fontMetrics()
        return QSize(max(metrics.horizontalAdvance(self._name), metrics.horizontalAdvance(self._warning)) + 24, BAR_PX)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the name above the warning, right-aligned."""
        with QPainter(self) as painter:
            inner = QRect(0, 4, self.width() - GRID_PX, self.height() - 8)
            painter.setFont(ui_font(SMALL_PX))
            painter.setPen(self.theme.ink)
            painter.drawText(inner, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, self._name)
            painter.setFont(ui_font(TINY_PX))
            painter.setPen(self.theme.warning)
            painter.drawText(inner, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight, self._warning)


class ViewBar(QWidget):
    """Menu, controls, analysis and notice in one row.

    Signals
    -------
    chosen, stepped : those of the controls, see `StepButton`.
    """

    chosen = Signal(str, object)
    stepped = Signal(str, int)

    def __init__(self, actions: ActionTable, theme: Theme) -> None:
        super().__init__()
        self._buttons: dict[str, StepButton] = {}
        self._icons: list[QToolButton] = []
        self.menu = QMenu(self)
        actions.fill_menu(self.menu)
        self.notice = ModelNotice(theme)
        self.setFixedHeight(BAR_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID_PX // 2, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._tool(actions["menu"]))
        row.addSpacing(GRID_PX // 2)
        for control in CONTROLS:
            button = StepButton(control, theme, _tool_tip(control, actions))
            button.chosen.connect(self.chosen)
            button.stepped.connect(self.stepped)
            self._buttons[control.control_id] = button
            row.addWidget(button)
        row.addSpacing(GRID_PX)
        # A space is all that Qt leaves to set an icon apart from its text.
        actions["analyse"].setIconText(" Analyse")
        actions["cancel"].setIconText(" Stop")
        self.analyse = self._tool(actions["analyse"], with_text=True)
        self.cancel = self._tool(actions["cancel"], with_text=True)
        for widget in (self.analyse, self.cancel):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.notice)
        for action_id in ("dark", "events_panel", "traces_only"):
            row.addWidget(self._tool(actions[action_id]))
        row.addSpacing(GRID_PX // 2)
        self.set_busy(False)
        self.set_display(DisplaySettings())

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        for part in (*self._buttons.values(), self.notice):
            part.theme = theme
            part.update()

    def set_display(self, display: DisplaySettings) -> None:
        """Show the values that are in force."""
        for button in self._buttons.values():
            button.set_value(button.control.read(display))

    def set_reading(self, reading: bool) -> None:
        """Enable the controls while there is a recording to see."""
        for button in self._buttons.values():
            button.setEnabled(reading)

    def set_busy(self, busy: bool) -> None:
        """Offer to stop the analysis while it runs, and to start it while it does not."""
        self.analyse.setVisible(not busy)
        self.cancel.setVisible(busy)

    def open_menu(self) -> None:
        """Open the menu below its button."""
        self.menu.popup(self.mapToGlobal(QPoint(GRID_PX // 2, self.height())))

    def _tool(self, action: QAction, with_text: bool = False) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if with_text else Qt.ToolButtonStyle.ToolButtonIconOnly
        button.setToolButtonStyle(style)
        button.setIconSize(QSize(16, 16))
        return button


def _tool_tip(control: Control, actions: ActionTable) -> str:
    keys = " / ".join(actions[action_id].shortcut().toString() for action_id in control.action_ids)
    return f"{control.about}  ({keys})"
