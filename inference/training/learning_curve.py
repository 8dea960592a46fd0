"""The learning curve of a run, as a picture and as a table."""

import io
from collections.abc import Sequence
from pathlib import Path

from inference.labels.files import NOT_AVAILABLE, write_bytes, write_table
from inference.training.checkpoints import CurvePoint

#: Okabe and Ito's blue and vermilion, which colour-blind readers tell apart.
_TRAINING_COLOUR, _VALIDATION_COLOUR = "#0072B2", "#D55E00"


def write_learning_curve(folder: Path, curve: Sequence[CurvePoint], title: str) -> tuple[Path, Path]:
    """Write ``learning_curve.png`` and ``learning_curve.tsv`` and give their paths.

    Parameters
    ----------
    curve : loss on training windows (running mean) and, where there was one, on validation, after steps.
    title : what was trained.
    """
    table = write_table(
        folder / "learning_curve.tsv",
        ("step", "loss", "learning_rate", "validation_loss"),
        [
            (
                str(point.step),
                f"{point.loss:.6g}",
                f"{point.rate:.6g}",
                NOT_AVAILABLE if point.validation is None else f"{point.validation:.6g}",
            )
            for point in curve
        ],
    )
    return write_bytes(folder / "learning_curve.png", _draw(curve, title)), table


def _draw(curve: Sequence[CurvePoint], title: str) -> bytes:
    # Figure and canvas of their own: pyplot would look for a screen, and keep every figure.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 4.5), dpi=100, layout="constrained")
    axes = figure.add_subplot(title=title, xlabel="step", ylabel="loss")
    axes.plot(
        [point.step for point in curve], [point.loss for point in curve], color=_TRAINING_COLOUR, label="training"
    )
    validated = [(point.step, point.validation) for point in curve if point.validation is not None]
    if validated:
        steps, losses = zip(*validated, strict=True)
        axes.plot(steps, losses, "o--", markersize=4, color=_VALIDATION_COLOUR, label="validation")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)  # type: ignore[no-untyped-call]
    return picture.getvalue()
