"""The tables of DSMN-ESS as files: figures with their intervals beside the paper's."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from inference.labels.files import write_bytes
from inference.models.dsmn_ess import STATES, SYNDROMES, Task
from inference.training.dsmn_windows import LabelledWindows
from tests.benchmarks.dsmn_answers import COMPARED, lead_of
from tests.benchmarks.reading import write_above_reading

#: The row of the package that ships.
SHIPPED = "shipped package"
FULL = "full network, L2"
COMMAND = "python -m tests.benchmarks.dsmn_tables --work FOLDER --seeds {}"
#: The columns of the paper's table II.
COLUMNS = ("Accuracy", "Precision", "Recall", "Specificity", "F1", "AUC")
#: Which figure each column is. Of two classes the paper prints the same number for recall and specificity: both are
#: then means over the classes.
FIGURES: Mapping[str, tuple[str, ...]] = {
    "syndrome": ("accuracy", "precision", "sensitivity", "specificity", "f1", "auc"),
    "seizure": ("accuracy", "macro_precision", "balanced_accuracy", "balanced_accuracy", "macro_f1", "auc"),
}
#: Percent; tables II and III of the paper, whose rows for the full network under L2 are the same.
PAPER: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "full network, L2": {
        "syndrome": (99.27, 99.23, 99.30, 99.86, 99.52, 99.95),
        "seizure": (99.07, 97.05, 96.95, 96.95, 96.93, 99.78),
    },
    "without channel weights": {
        "syndrome": (98.25, 98.24, 98.23, 99.65, 98.23, 99.45),
        "seizure": (98.82, 96.35, 95.89, 95.89, 96.12, 99.17),
    },
    "without sharing gate": {
        "syndrome": (98.92, 98.92, 98.87, 99.78, 98.89, 99.78),
        "seizure": (98.67, 95.50, 95.86, 95.86, 95.68, 98.83),
    },
    "full network, L1": {
        "syndrome": (99.27, 99.26, 99.29, 99.85, 99.54, 99.73),
        "seizure": (98.86, 95.69, 96.82, 96.82, 96.31, 98.08),
    },
}
#: Of these the paper says that they are behind (its Fig. 11, confusion matrices) without a figure in the text.
CALLED_BEHIND = ("syndrome alone", "seizure alone")
TITLES: Mapping[Task, str] = {
    "syndrome": "(a) Syndrome: six classes, means over the classes",
    "seizure": "(b) Seizure: two classes, means over both, as the paper's seem to be",
}


def write_report(
    out: Path, rows: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any], testing: LabelledWindows
) -> None:
    """Write ``out.json`` and ``out.md``; what is written by hand below the tables is kept."""
    leads = {task: _leads(rows, task) for task in TITLES}
    fields = {
        "command": COMMAND.format(_most_seeds(rows)),
        "simulated": True,
        "settings": settings,
        "test": describe_test(testing),
        "rows": rows,
        "full_less_row": leads,
        "paper": PAPER,
    }
    write_bytes(out.with_suffix(".json"), (json.dumps(fields) + "\n").encode())
    write_above_reading(out.with_suffix(".md"), render(rows, leads, settings, testing))


def describe_test(testing: LabelledWindows) -> dict[str, Any]:
    """Say who the rows were tested on."""
    seeds = np.unique(testing.patient)
    return {
        "patients": len(seeds),
        "seeds": [int(seeds[0]), int(seeds[-1])],
        "windows": len(testing),
        "of_seizures": int((testing.seizure == 1).sum()),
        "on_an_edge": int((testing.seizure < 0).sum()),
    }


def render(
    rows: Mapping[str, Mapping[str, Any]],
    leads: Mapping[Task, Mapping[str, Any]],
    settings: Mapping[str, Any],
    testing: LabelledWindows,
) -> list[str]:
    """Give the tables as Markdown."""
    test, n_seeds = describe_test(testing), _most_seeds(rows)
    head = f"""# DSMN-ESS with and without its modules, on simulated children

`{COMMAND.format(n_seeds)}`. **Everything here is simulated**: {settings["n_patients"]} children to learn from
({settings["windows_per_patient"]} windows of 4 s of each) and {settings["n_validation"]} others to calibrate by, both
other ones for each seed, and {test["patients"]} children to test on (seeds {test["seeds"][0]} to {test["seeds"][1]};
{test["windows"]} windows, {test["of_seizures"]} of them of seizures, {test["on_an_edge"]} on an edge and left out of
(b)), the same for each seed. No child is on two sides, and what log power is standardised by is measured on children
to learn from.

Every row{_except_shipped(rows)} was trained at half the paper's width for {settings["n_steps"]} steps of
{settings["batch_size"]} windows (Adam, {settings["rate"]:g}, weight decay {settings["weight_decay"]:g}: the paper's
batch and rate; the rate falls along half a cosine), with the same windows in the same order, and calibrated on the same
validation windows. Figures are of all windows of all seeds of a row together (seeds from 0 on; see the last column);
intervals are 95 % over the {test["patients"]} children of the test.

The paper's figures are of 49 children in hospital and do not say whether windows of one child were on both sides; a
window here must be told by a network that never saw the child, and many windows show nothing of the syndrome. The two
columns can be set beside each other for the order of the rows, not for their height.
"""
    tables = [_render_task(task, title, rows) for task, title in TITLES.items()]
    compared = [_render_leads(task, leads[task]) for task in TITLES]
    return [
        head,
        *tables,
        "## Which of the paper's orderings hold\n",
        *compared,
        _render_costs(rows),
        _render_classes(rows),
    ]


def _most_seeds(rows: Mapping[str, Mapping[str, Any]]) -> int:
    return max(len(row["children"]) for row in rows.values())


def _except_shipped(rows: Mapping[str, Mapping[str, Any]]) -> str:
    return f" but the {SHIPPED}, of full size and trained for longer," if SHIPPED in rows else ""


def _leads(rows: Mapping[str, Mapping[str, Any]], task: Task) -> dict[str, Any]:
    """Say by how much the full network is ahead of each row of its size."""
    if FULL not in rows:
        return {}
    others = {name: row for name, row in rows.items() if name not in (FULL, SHIPPED)}
    leads = {name: lead_of(rows[FULL], row, task) for name, row in others.items()}
    return {name: lead for name, lead in leads.items() if lead is not None}


def _render_leads(task: Task, leads: Mapping[str, Any]) -> str:
    """Show what the full network gains by each part, and whether that is what the paper says."""
    column = COLUMNS.index(COMPARED[task])
    lines = [
        f"{task.capitalize()}: by how many points of {COMPARED[task].lower()} the full network under L2 is ahead; sure "
        "where the interval and all seeds lie on one side of 0.",
        "",
        "| ahead of | here, 95 % over children | by seed | paper | what the row shows |",
        "|---|---|---|---|---|",
    ]
    for name, lead in leads.items():
        low, high = lead["interval_children"]
        seeds = ", ".join(f"{value:+.1f}" for value in lead["seeds"])
        given = PAPER[FULL][task][column] - PAPER[name][task][column] if name in PAPER else None
        said = f"{given:+.2f}" if given is not None else "ahead, no figure" if name in CALLED_BEHIND else "not tried"
        claims = name in CALLED_BEHIND or (given is not None and given > 0)
        here = f"{lead['mean']:+.1f} ({low:+.1f} to {high:+.1f})"
        lines.append(f"| {name} | {here} | {seeds} | {said} | {_verdict(lead, claims=claims)} |")
    return "\n".join(lines) + "\n"


def _verdict(lead: Mapping[str, Any], *, claims: bool) -> str:
    """Say in words what a lead shows."""
    if not lead["sure"]:
        return "nothing: these children and seeds do not tell the two apart"
    better = lead["mean"] > 0
    found = "the full network is better" if better else "the full network is worse"
    if not claims:
        return found
    return f"{found}, {'as the paper says' if better else '**against the paper**'}"


def _render_task(task: Task, title: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [f"## {title}", "", "Percent; each cell is measured here [interval] / in the paper.", ""]
    lines += ["| row | " + " | ".join(COLUMNS) + " | seeds |", "|---|" + "---|" * (len(COLUMNS) + 1)]
    for name, row in rows.items():
        if task not in row:
            continue
        # What ships is the paper's full network, too.
        twin = FULL if name == SHIPPED else name
        paper = PAPER.get(twin, {}).get(task, (None,) * len(COLUMNS))
        cells = (_cell(row[task], figure, given) for figure, given in zip(FIGURES[task], paper, strict=True))
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {len(row['children'])} |")
    return "\n".join(lines) + "\n"


def _cell(task: Mapping[str, Any], figure: str, paper: float | None) -> str:
    given = "-" if paper is None else f"{paper:.2f}"
    if figure == "macro_precision":
        return f"{100 * task[figure]:.1f} / {given}"
    value, interval = task["figures"][figure]["value"], task["figures"][figure]["interval_95"]
    if value is None:
        return f"n/a / {given}"
    spread = "" if interval is None else f" [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"
    return f"{100 * value:.1f}{spread} / {given}"


def _render_costs(rows: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["## Size, and whole children", "", "The paper: 2.20 M parameters, 2.06 GFLOPs a window.", ""]
    lines += [
        "| row | parameters | GFLOPs | steps | children whose syndrome was named, by seed |",
        "|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        named = row.get("patients_right", [])
        right = f"{', '.join(str(n) for n, _ in named)} of {named[0][1]}" if named else "-"
        size = f"{row['parameters'] / 1e6:.2f} M | {row['flops'] / 1e9:.2f}"
        lines.append(f"| {name} | {size} | {row['steps']} | {right} |")
    return "\n".join(lines) + "\n"


def _render_classes(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Show the last row's classes one by one."""
    name, row = list(rows.items())[-1]
    lines = [f"## Class by class: {name}", ""]
    for task, classes in (("syndrome", SYNDROMES), ("seizure", STATES)):
        if task not in row:
            continue
        lines += [
            "| truth \\ said | " + " | ".join(classes) + " | recall | AUC |",
            "|---|" + "---|" * (len(classes) + 2),
        ]
        for label, counts in zip(classes, row[task]["confusion"], strict=True):
            figures = row[task]["per_class"][label]
            ends = " | ".join(_cell({"figures": figures}, key, None).split(" / ")[0] for key in ("sensitivity", "auc"))
            lines.append(f"| {label} | " + " | ".join(map(str, counts)) + f" | {ends} |")
        lines.append("")
    return "\n".join(lines)
