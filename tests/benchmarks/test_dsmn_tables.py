import json
from dataclasses import replace

import numpy as np
import pytest

from inference.models.dsmn_ess import DsmnConfig
from tests.benchmarks import dsmn_tables
from tests.benchmarks.dsmn_answers import lead_of
from tests.benchmarks.dsmn_report import COLUMNS, FIGURES, PAPER

SMALL = DsmnConfig(lstm_width=4, widths_2d=(4, 4, 4, 4), widths_3d=(4, 4, 4, 4), shared_width=16, task_width=8)


@pytest.fixture
def few(monkeypatch):
    """Six children on each side, and a network of half the width of a small one."""
    recipe = replace(
        dsmn_tables.RECIPE,
        n_patients=6,
        n_validation=6,
        patient_minutes=0.7,
        windows_per_patient=8,
        n_steps=2,
        batch_size=8,
    )
    monkeypatch.setattr(dsmn_tables, "RECIPE", recipe)
    monkeypatch.setattr(dsmn_tables, "N_TEST", 6)
    networks = {row.network: replace(SMALL, **_changes(row.network)) for row in dsmn_tables.ROWS.values()}
    monkeypatch.setattr(dsmn_tables, "ABLATIONS", networks)


def _changes(network: str) -> dict[str, object]:
    full = dsmn_tables.ABLATIONS[network]
    names = ("tasks", "streams", "weigh_channels", "share_information")
    return {name: getattr(full, name) for name in names}


def test_every_row_is_trained_once_and_stands_beside_the_papers(few, tmp_path, capsys):
    out = tmp_path / "tables"
    words = ["--work", str(tmp_path / "work"), "--out", str(out), "--package", str(tmp_path / "none"), "--seeds", "1"]
    dsmn_tables.main(words)
    first = json.loads(out.with_suffix(".json").read_text())
    assert list(first["rows"]) == list(dsmn_tables.ROWS)
    assert set(first["rows"]["syndrome alone"]) & {"syndrome", "seizure"} == {"syndrome"}
    assert set(first["rows"]["seizure alone"]) & {"syndrome", "seizure"} == {"seizure"}
    assert first["test"]["patients"] == 6
    for row in first["rows"].values():
        if "seizure" in row:
            added = np.sum([child["seizure"] for child in row["children"]["0"].values()], axis=0)
            assert added.tolist() == row["seizure"]["confusion"]
    text = out.with_suffix(".md").read_text()
    assert "simulated" in text
    assert "/ 99.95 |" in text
    rows = tmp_path / "work" / "answers"
    written = {path: path.stat().st_mtime_ns for path in rows.iterdir()}
    dsmn_tables.main(words)
    assert {path: path.stat().st_mtime_ns for path in rows.iterdir()} == written
    again = json.loads(out.with_suffix(".json").read_text())
    assert again == first


def test_rows_and_columns_of_the_paper_are_all_there():
    assert set(PAPER) <= set(dsmn_tables.ROWS)
    assert all(len(values) == len(COLUMNS) for row in PAPER.values() for values in row.values())
    assert all(len(figures) == len(COLUMNS) for figures in FIGURES.values())


def test_half_the_width_is_about_a_quarter_of_the_work():
    full = dsmn_tables.ABLATIONS["full"]
    half = dsmn_tables.halve(full)
    costs = [
        dsmn_tables.measure_cost(dsmn_tables.DsmnEss(config), *dsmn_tables.one_window()).n_flops
        for config in (full, half)
    ]
    assert 3.2 < costs[0] / costs[1] < 4.2


def children(*right: tuple[int, int]) -> dict:
    """A row of children with ten windows without a seizure and ten of one, of which so many were judged rightly."""
    counted = {str(i): {"seizure": [[a, 10 - a], [10 - b, b]]} for i, (a, b) in enumerate(right)}
    return {"seizure": {}, "children": {"0": counted}}


def test_a_lead_is_in_points_of_the_mean_of_both_recalls_and_sure_only_where_children_agree():
    better, worse, mixed = (
        children((9, 9), (9, 8), (8, 9)),
        children((5, 5), (5, 4), (4, 5)),
        children((10, 10), (2, 3), (10, 10)),
    )
    lead = lead_of(better, worse, "seizure")
    assert lead["mean"] == pytest.approx(40.0)
    assert lead["sure"]
    assert not lead_of(better, mixed, "seizure")["sure"]
    assert lead_of(better, {"children": worse["children"]}, "seizure") is None
