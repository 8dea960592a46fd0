"""The models panel: which networks are here, what they learned from, and what the last analysis saw."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.panels.reliability import ReliabilityPlot
from app.panels.sentence import make_sentence
from app.theme import GRID_PX, Theme
from inference.errors import ModelPackageError
from inference.runtime.calibration import expected_calibration_error, read_reliability
from inference.runtime.cards import ModelCard
from inference.runtime.registry import PackageSurvey
from inference.runtime.results import ModelResult

_CALIBRATION_ERROR = "expected_calibration_error"
SIMULATED_WARNING = "trained on simulated data, not clinically validated"


def card_warning(card: ModelCard) -> str:
    """Say what must be known before a network is trusted; empty where a site's own evaluation stands behind it."""
    return SIMULATED_WARNING if card.simulated else ""


class ModelsPanel(QScrollArea):
    """A quiet sheet of text: what each network gave in a line, then a paragraph on each and on its last analysis."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.show_models(PackageSurvey((), ()), {}, ())

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._theme = theme
        self.show_models(*self._shown)

    def show_models(self, models: PackageSurvey, said: Mapping[str, str], results: Sequence[ModelResult]) -> None:
        """Show what is here and what an analysis gave.

        Parameters
        ----------
        models : the networks, and what is wrong with packages that cannot be used.
        said : by a network's name, one line on what it gave, or why it gave nothing.
        results : what else is known of the networks that have ended.
        """
        self._shown = models, said, results
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(GRID_PX, GRID_PX, GRID_PX, GRID_PX)
        column.setSpacing(GRID_PX // 2)
        if not models.packages:
            why = (
                "No network can be used here."
                if models.problems
                else "Open a recording to see which networks are here."
            )
            column.addWidget(make_sentence("muted", why, selectable=True))
        for sentence in models.problems:
            column.addWidget(make_sentence("error", sentence, selectable=True))
        if said:
            _list_findings(column, models, said)
        ended = {result.reference.name: result for result in results}
        for package in models.packages:
            _describe_card(column, package.card)
            _describe_calibration(column, package.card, self._theme)
            if package.card.name in ended:
                _describe_result(column, ended[package.card.name])
            column.addSpacing(2 * GRID_PX)
        column.addStretch(1)
        self.setWidget(page)


def _list_findings(column: QVBoxLayout, models: PackageSurvey, said: Mapping[str, str]) -> None:
    column.addWidget(make_sentence("heading", "This analysis", selectable=True))
    for card in (package.card for package in models.packages):
        if said.get(card.name):
            column.addWidget(_pair(card.title, said[card.name]))
    column.addSpacing(2 * GRID_PX)


def _describe_card(column: QVBoxLayout, card: ModelCard) -> None:
    column.addWidget(make_sentence("heading", f"{card.title} {card.version}", selectable=True))
    if card_warning(card):
        column.addWidget(make_sentence("warning", card_warning(card).capitalize() + ".", selectable=True))
    column.addWidget(make_sentence("small", card.trained_on, selectable=True))
    rule = card.events
    lines = (
        *([] if rule is None else [("Threshold", f"{rule.threshold:.2f} to start, {rule.threshold_low:.2f} to go on")]),
        ("Window", f"{card.inputs.window_s:g} s every {card.inputs.hop_s:g} s at {card.inputs.rate_hz:g} Hz"),
        *((name.replace("_", " ").capitalize(), f"{value:.3g}") for name, value in _numbers(card.metrics)),
    )
    for name, value in lines:
        column.addWidget(_pair(name, value))


def _describe_calibration(column: QVBoxLayout, card: ModelCard, theme: Theme) -> None:
    """Show how far the probabilities can be taken at their word: curves where the card has them, else the error."""
    try:
        curves = read_reliability(card.calibration)
    except ModelPackageError as error:
        column.addWidget(make_sentence("error", str(error), selectable=True))
        return
    for task, bins in curves.items():
        error, n_answers = expected_calibration_error(bins), sum(one.n for one in bins)
        column.addWidget(_pair(f"Calibration error, {task}", f"{error:.3f} over {n_answers} answers"))
        column.addWidget(ReliabilityPlot(theme, task, bins))
    if not curves:
        errors = {name: value for name, value in card.calibration.items() if name.endswith(_CALIBRATION_ERROR)}
        for name, value in errors.items():
            task = name.removesuffix(_CALIBRATION_ERROR).strip("_") or card.task
            column.addWidget(_pair(f"Calibration error, {task}", f"{value:.3f}"))


def _describe_result(column: QVBoxLayout, result: ModelResult) -> None:
    column.addSpacing(GRID_PX)
    column.addWidget(_pair("Ran on", f"{result.provider.upper()} in {result.seconds:.0f} s"))
    saw = _pair("Saw", f"{len(result.channels_used)} channels")
    saw.setToolTip(", ".join(result.channels_used))
    column.addWidget(saw)
    if result.channels_interpolated:
        column.addWidget(_pair("Estimated from neighbours", ", ".join(result.channels_interpolated)))
    if result.channels_missing:
        column.addWidget(_pair("Not recorded", ", ".join(result.channels_missing)))
    for sentence in result.problems:
        column.addWidget(make_sentence("warning", sentence, selectable=True))


def _numbers(metrics: object) -> list[tuple[str, float]]:
    pairs = metrics.items() if isinstance(metrics, dict) else ()
    return [(name, float(value)) for name, value in pairs if isinstance(value, int | float)]


def _pair(name: str, value: str) -> QLabel:
    label = make_sentence("small", "", selectable=True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(f"{name}: {value}")
    return label
