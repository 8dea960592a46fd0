"""The record of an evaluation: a table for people in Markdown, and everything for programs in JSON."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from inference.labels.files import write_bytes, write_json
from inference.training.evaluate import PROTOCOLS, Evaluation
from inference.training.metrics import PAPER_FIGURES, Figure

_EVENT_FIGURES = {
    "sensitivity": "Sensitivity",
    "precision": "Precision",
    "f1": "F1",
    "false_per_hour": "False an hour",
}
#: What the papers print, in per cent as they do, and on what; by network and corpus, "" where it is their own patients.
PAPER_RESULTS: Mapping[tuple[str, str], tuple[str, Mapping[str, float]]] = MappingProxyType(
    {
        ("iess-fusionnet", ""): ("its own patients", {"Acc": 89.5, "Spe": 90.7, "Sen": 88.3}),
        ("dsmn-ess", ""): (
            "its own patients, table III",
            {
                "Accuracy": 99.07,
                "Precision": 97.05,
                "Recall": 96.95,
                "Specificity": 96.95,
                "F1": 96.93,
                "AUC": 99.78,
            },
        ),
        ("focus-localisation", "Bonn"): (
            "Bonn C and D, 10-fold, table 3",
            {"ACC": 97.5, "SN": 98.0, "SP": 97.0, "PPV": 97.0, "NPV": 98.0},
        ),
        ("focus-localisation", "Bern-Barcelona"): (
            "Bern-Barcelona 3750 + 3750, 10-fold, table 2",
            {"ACC": 94.5, "SN": 95.0, "SP": 93.9, "PPV": 94.2, "NPV": 94.7},
        ),
        ("sleep-staging", ""): ("ds003768, EEG alone, leave-one-subject-out", {"Balanced accuracy": 58.83}),
    }
)


def write_evaluation(evaluation: Evaluation, folder: Path) -> tuple[Path, Path]:
    """Write ``evaluation_<network>_<corpus>_<protocol>.md`` and ``.json`` into a folder, made if need be.

    Raises
    ------
    LabelError
        A file cannot be written.
    """
    order = evaluation.order
    stem = f"evaluation_{order.network}_{evaluation.corpus.lower()}_{order.protocol}"
    table = write_bytes(folder / f"{stem}.md", format_evaluation(evaluation).encode())
    return table, write_json(folder / f"{stem}.json", describe_evaluation(evaluation))


def describe_evaluation(evaluation: Evaluation) -> dict[str, Any]:
    """Give an evaluation as JSON holds it."""
    order, package = evaluation.order, evaluation.package
    return {
        "network": order.network,
        "corpus": evaluation.corpus,
        "protocol": order.protocol,
        "meaning": PROTOCOLS[order.protocol],
        "seed": order.seed,
        "command": order.command,
        "folds": evaluation.n_folds,
        "steps": order.n_steps,
        "package": None
        if package is None
        else {
            "version": package.card.version,
            "digest": package.reference.digest,
            "simulated": package.card.simulated,
            "trained_on": package.card.trained_on,
        },
        "files": {"asked": evaluation.n_asked, "of": evaluation.n_cases},
        "question": evaluation.asked,
        "intervals": f"95 %, by {evaluation.owner}",
        "windows": evaluation.windows.describe(),
        "events": {
            way: {
                **{name: figure.describe() for name, figure in scores.figures.items()},
                "reference": scores.total.n_reference,
                "found": scores.total.n_found,
                "false": scores.total.n_false,
                "hours": round((scores.total.duration_s or 0.0) / 3600, 3),
            }
            for way, scores in evaluation.events.items()
        },
        "minutes": round(evaluation.minutes, 1),
        "problems": list(evaluation.problems),
    }


def format_evaluation(evaluation: Evaluation) -> str:
    """Give an evaluation as a page of Markdown."""
    return "\n".join(_lines(evaluation)) + "\n"


def _lines(evaluation: Evaluation) -> Iterator[str]:
    order, windows, package = evaluation.order, evaluation.windows, evaluation.package
    yield f"# {order.network} on {evaluation.corpus}, {order.protocol}"
    yield ""
    yield f"- Protocol: {PROTOCOLS[order.protocol]}."
    if package is None:
        steps = "the network's own number of" if order.n_steps is None else str(order.n_steps)
        yield f"- {evaluation.n_folds} networks, {steps} training steps each."
    else:
        yield f"- Package: version {package.card.version}, SHA-256 {package.reference.digest[:16]}..., unchanged."
        if package.card.simulated:
            yield "- It was trained on simulated data and is not clinically validated."
    n_windows = int(windows.confusion.sum())
    yield f"- Asked: {evaluation.asked}; {n_windows} answers."
    yield f"- Files: {evaluation.n_asked} of {evaluation.n_cases}, of {_count(windows.n_patients, evaluation.owner)}."
    yield f"- Intervals: 95 %, by resampling {evaluation.owner}s. Seed {order.seed}."
    yield f"- Command: `{order.command}`"
    yield ""
    yield from _paper_table(evaluation)
    if evaluation.events:
        yield from ("", "## Events", "")
        heads = ("counted", *_EVENT_FIGURES.values(), "found", "of", "false", "hours")
        yield from _table(heads, [_event_row(way, evaluation) for way in evaluation.events])
    yield from ("", "## All figures", "")
    yield from _table(
        ("figure", "value [95 % interval]"), [(name, str(figure)) for name, figure in windows.figures.items()]
    )
    yield from ("", "## Each class against the rest", "")
    names = next(iter(windows.per_class.values()))
    rows = [(label, *(str(figures[name]) for name in names)) for label, figures in windows.per_class.items()]
    yield from _table(("class", *names), rows)
    yield from ("", "## Confusion (rows: truth)", "")
    counts = [
        (label, *(str(n) for n in row)) for label, row in zip(windows.classes, windows.confusion.tolist(), strict=True)
    ]
    yield from _table(("", *windows.classes), counts)
    if evaluation.problems:
        yield from ("", "## What to know", "")
        yield from (f"- {problem}" for problem in evaluation.problems)


def _paper_table(evaluation: Evaluation) -> Iterator[str]:
    network = evaluation.order.network
    source, paper = PAPER_RESULTS.get((network, evaluation.corpus), PAPER_RESULTS.get((network, ""), ("", {})))
    heads = ["figure", "here, % [95 % interval]", *([f"paper, % ({source})"] if paper else [])]
    rows = []
    for printed, name in PAPER_FIGURES[network].items():
        row = [printed, _percent(evaluation.windows.figures[name])]
        if paper:
            row.append(f"{paper[printed]:.2f}" if printed in paper else "-")
        rows.append(row)
    yield from _table(heads, rows)


def _event_row(way: str, evaluation: Evaluation) -> tuple[str, ...]:
    scores = evaluation.events[way]
    total = scores.total
    return (
        way,
        *(str(scores.figures[name]) for name in _EVENT_FIGURES),
        str(total.n_found),
        str(total.n_reference),
        str(total.n_false),
        f"{(total.duration_s or 0.0) / 3600:.2f}",
    )


def _percent(figure: Figure) -> str:
    if math.isnan(figure.value):
        return "n/a"
    value = f"{100 * figure.value:.2f}"
    return value if math.isnan(figure.low) else f"{value} [{100 * figure.low:.1f}, {100 * figure.high:.1f}]"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
