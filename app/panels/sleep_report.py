"""The sleep report: what a night was like, by whose stages, and how far another scorer or the network agrees."""

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.panels.confusion import ConfusionTable
from app.panels.sentence import make_sentence
from app.sleep_report import Comparison, SleepReport
from app.theme import GRID_PX, Theme
from app.times import elapsed_text

NOBODY = "nobody"
_LIST_PX = 16 * GRID_PX
_MOST_LISTED = 500
_NOTHING = "No sleep stages yet. Press F5 to let the network stage this recording, or S to score it."

#: What the sheet shows: report, sources, problems, comparison.
_Shown = tuple[SleepReport | None, Sequence[str], Sequence[str], Comparison | None]


class ReportPanel(QWidget):
    """A sheet of figures with two choices above: whose stages, and compared with whose.

    Signals
    -------
    source_chosen, other_chosen : the name of whose stages are reported, and of whose they are compared with.
    time_chosen : the start of an epoch that was picked from those in which the two differ.

    Lives in the GUI thread.
    """

    source_chosen = Signal(str)
    other_chosen = Signal(str)
    time_chosen = Signal(float)

    def __init__(self, theme: Theme, actions: Sequence[QAction]) -> None:
        super().__init__()
        self._theme = theme
        self._shown: _Shown = (None, (), (), None)
        self._is_stale = True
        self._source, self._other = _choice("Whose stages"), _choice("Compared with")
        self._source.activated.connect(lambda: self.source_chosen.emit(self._source.currentText()))
        self._other.activated.connect(lambda: self.other_chosen.emit(self._other.currentText()))
        self._warning, self._agreement = (
            make_sentence("warning", "", selectable=True),
            make_sentence("", "", selectable=True),
        )
        self._problems = make_sentence("small", "", selectable=True)
        # Each a table in one label: a label for every figure would take a tenth of a second to lay out.
        self._figures, self._stages = _table(), _table()
        self._confusion = ConfusionTable(theme)
        self._differing = QListWidget()
        self._differing.setAccessibleName("Epochs that differ")
        self._differing.setFixedHeight(_LIST_PX)
        self._differing.itemActivated.connect(self._go)
        self._differing.itemClicked.connect(self._go)
        self._empty = make_sentence("muted", _NOTHING, selectable=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setContentsMargins(2 * GRID_PX, 0, 2 * GRID_PX, 6 * GRID_PX)
        self._lay_out(actions)

    @property
    def text(self) -> str:
        """Everything that can be read on the sheet, figures as the table that they stand in."""
        self._lay_report_out()
        labels = self._stack.currentWidget().findChildren(QLabel)
        return "\n".join(label.text() for label in labels or [self._empty] if label.text())

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._theme = theme
        self._confusion.set_theme(theme)
        self.show_report(*self._shown)

    def show_report(
        self, report: SleepReport | None, sources: Sequence[str], problems: Sequence[str], comparison: Comparison | None
    ) -> None:
        """Show a report and a comparison; None says what to do to have one.

        Parameters
        ----------
        sources : whose stages there are.
        problems : what must be known about the network's.
        """
        self._shown = (report, sources, problems, comparison)
        self._is_stale = True
        if self.isVisible():
            self._lay_report_out()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Show what was worked out while nobody looked."""
        super().showEvent(event)
        self._lay_report_out()

    def _lay_report_out(self) -> None:
        if not self._is_stale:
            return
        self._is_stale = False
        report, sources, problems, comparison = self._shown
        self._stack.setCurrentIndex(0 if report is None else 1)
        if report is None:
            return
        _fill(self._source, sources, report.source)
        others = [name for name in sources if name != report.source]
        _fill(self._other, [NOBODY, *others], NOBODY if comparison is None else comparison.second)
        self._warning.setText(report.warning)
        self._warning.setVisible(bool(report.warning))
        self._problems.setText("\n".join(problems if report.warning else ()))
        self._problems.setVisible(bool(self._problems.text()))
        self._show_figures(report)
        self._show_stages(report)
        self._show_comparison(comparison)

    def _show_figures(self, report: SleepReport) -> None:
        muted = self._theme.muted.name()
        rows = "".join(
            f'<tr><td style="color:{muted}">{escape(row.name)}</td><td align="right">{row.value}</td>'
            f'<td style="color:{muted}">&nbsp;{row.unit}</td></tr>'
            for row in report.rows
        )
        self._figures.setText(f'<table width="100%" cellspacing="0" cellpadding="1">{rows}</table>')

    def _show_stages(self, report: SleepReport) -> None:
        asleep = {stage.code: stage.asleep for stage in report.hypnogram.stage_set.stages}
        headings = "".join(f'<td align="right">{name}</td>' for name in ("min", "% TST", "latency", "spasms"))
        rows = [f'<tr style="color:{self._theme.muted.name()}"><td>Stage</td>{headings}</tr>']
        for row in report.stages:
            colour = self._theme.stage(row.code, asleep=asleep[row.code]).name()
            values = "".join(
                f'<td align="right">{value}</td>' for value in (row.minutes, row.percent, row.latency_min, row.spasms)
            )
            rows.append(f'<tr><td><span style="color:{colour}">■</span> {escape(row.code)}</td>{values}</tr>')
        self._stages.setText(f'<table width="100%" cellspacing="0" cellpadding="1">{"".join(rows)}</table>')
        self._stages.setToolTip("\n".join(f"{row.code}: {row.name}" for row in report.stages))

    def _show_comparison(self, comparison: Comparison | None) -> None:
        agreement = None if comparison is None else comparison.agreement
        self._agreement.setText("" if comparison is None else comparison.sentence)
        self._agreement.setVisible(comparison is not None)
        self._confusion.setVisible(agreement is not None)
        self._differing.setVisible(agreement is not None and bool(agreement.disagreements_s))
        self._differing.clear()
        if comparison is None or agreement is None:
            return
        self._confusion.set_agreement(agreement, comparison.first, comparison.second)
        for time_s in agreement.disagreements_s[:_MOST_LISTED]:
            item = QListWidgetItem(f"{elapsed_text(time_s, 0)}   {' · '.join(comparison.stages_at(time_s))}")
            item.setData(Qt.ItemDataRole.UserRole, time_s)
            self._differing.addItem(item)

    def _go(self, item: QListWidgetItem) -> None:
        self.time_chosen.emit(float(item.data(Qt.ItemDataRole.UserRole)))

    def _lay_out(self, actions: Sequence[QAction]) -> None:
        sheet = QWidget()
        column = QVBoxLayout(sheet)
        column.setContentsMargins(GRID_PX, GRID_PX // 2, GRID_PX, GRID_PX)
        column.setSpacing(GRID_PX)
        column.addWidget(self._source)
        column.addWidget(self._warning)
        column.addWidget(self._problems)
        column.addWidget(self._figures)
        column.addWidget(_rule())
        column.addWidget(self._stages)
        column.addWidget(_rule())
        beside = QHBoxLayout()
        beside.addWidget(make_sentence("small", "Compared with", selectable=True))
        beside.addWidget(self._other, 1)
        column.addLayout(beside)
        for part in (self._agreement, self._confusion, self._differing):
            column.addWidget(part)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(sheet)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(GRID_PX, GRID_PX // 2, GRID_PX, GRID_PX)
        for action in actions:
            button = QPushButton(action.iconText())
            button.setToolTip(action.toolTip())
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(action.trigger)
            buttons.addWidget(button)
        page = QWidget()
        whole = QVBoxLayout(page)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        whole.addLayout(buttons)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(page)


def _fill(box: QComboBox, names: Sequence[str], current: str) -> None:
    box.clear()
    box.addItems(list(names))
    box.setCurrentText(current)


def _choice(name: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(4)
    return box


def _rule() -> QFrame:
    rule = QFrame()
    rule.setFrameShape(QFrame.Shape.HLine)
    rule.setProperty("role", "rule")
    return rule


def _table() -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
