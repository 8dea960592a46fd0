import json
from dataclasses import replace

import pytest

from inference.models.dsmn_ess import DsmnConfig
from tests.benchmarks import dsmn_tables
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
    words = ["--work", str(tmp_path / "work"), "--out", str(out), "--package", str(tmp_path / "none")]
    dsmn_tables.main(words)
    first = json.loads(out.with_suffix(".json").read_text())
    assert list(first["rows"]) == list(dsmn_tables.ROWS)
    assert set(first["rows"]["syndrome alone"]) & {"syndrome", "seizure"} == {"syndrome"}
    assert set(first["rows"]["seizure alone"]) & {"syndrome", "seizure"} == {"seizure"}
    assert first["test"]["patients"] == 6
    text = out.with_suffix(".md").read_text()
    assert "simulated" in text
    assert "/ 99.95 |" in text
    rows = tmp_path / "work" / "rows"
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
