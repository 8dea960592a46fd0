import numpy as np
import pytest

from inference.models.iess_fusionnet import ABLATIONS
from inference.training.variation import compress
from tests.benchmarks.iess_report import figures_of, gain_of_full, summarise
from tests.benchmarks.iess_rows import PAPER, ROWS, TABLES, smaller
from tests.benchmarks.iess_windows import SMALLER, Windows, draw_batch, gather


def run(*patients: tuple[int, int]) -> dict:
    """A run in which each patient has ten spasms and ten other windows, of which so many were judged rightly."""
    names = ("spasms", "found", "negatives", "spared", "auc")
    of_patient = [dict(zip(names, (10, found, 10, spared, 0.9), strict=True)) for found, spared in patients]
    return {"patients": {str(index): values for index, values in enumerate(of_patient)}}


def test_accuracy_specificity_and_sensitivity_are_shares_of_all_windows():
    (figures,) = figures_of({"0": run((10, 8), (4, 6))})
    np.testing.assert_allclose(figures, [[70.0, 70.0, 70.0, 90.0]])
    summary = summarise({"0": run((10, 8), (4, 6)), "1": run((8, 8), (8, 8))})
    assert summary["Acc"]["seeds"] == [70.0, 80.0]
    assert summary["Acc"]["mean"] == pytest.approx(75.0)
    low, high = summary["Acc"]["interval_patients"]
    assert 65.0 <= low < 75.0 < high <= 85.0


def test_a_lead_is_sure_only_where_patients_and_seeds_agree():
    better, worse = run((9, 9), (9, 9), (10, 9)), run((6, 7), (7, 6), (7, 7))
    assert gain_of_full({"0": better, "1": better}, {"0": worse, "1": worse})["sure"]
    assert not gain_of_full({"0": better, "1": worse}, {"0": worse, "1": better})["sure"]
    mixed = run((10, 10), (4, 4), (10, 10))
    assert not gain_of_full({"0": better}, {"0": mixed})["sure"]


def windows(n: int) -> Windows:
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(size=(n, *shape)).astype(np.float16)

    eeg, emg = normal(25, SMALLER.window_samples), normal(4, SMALLER.window_samples)
    frames = [x.astype(np.float32).reshape(n, x.shape[1], -1, 8) for x in (eeg, emg)]
    eeg_power, emg_power = (np.repeat(np.log((x**2).mean(-1))[:, None], 16, axis=1) for x in frames)
    slow = compress(frames[0].mean(-1))[:, None]
    return Windows(
        np.concatenate((eeg_power, slow), axis=1).astype(np.float16),
        emg_power.astype(np.float16),
        eeg,
        emg,
        np.ones((n, 25), np.float32),
        np.ones((n, 4), np.float32),
        np.arange(n) < n // 2,
        np.arange(n) // 4,
        np.array(["background"] * n),
    )


def test_rows_on_signals_and_rows_on_features_see_the_same_windows_with_the_same_gains():
    held = windows(12)
    features, signals = (draw_batch(held, seed=3, step=5, size=8, as_signals=flag) for flag in (False, True))
    assert features.target.tolist() == signals.target.tolist() == [1] * 4 + [0] * 4
    frames = [signal.unflatten(-1, (-1, 8)) for signal in (signals.eeg, signals.emg)]
    n_powers = SMALLER.eeg_wavelets.n_frequencies
    for log_power, frame in zip((features.eeg[:, :n_powers], features.emg), frames, strict=True):
        again = frame.square().mean(-1).log()[:, None]
        np.testing.assert_allclose(log_power, again.expand_as(log_power), atol=0.02)
    np.testing.assert_allclose(features.eeg[:, n_powers], compress(frames[0].mean(-1).numpy()), atol=0.005)


def test_the_batch_of_a_step_depends_on_seed_and_step_alone():
    held = windows(12)
    first, again, other = (draw_batch(held, seed, 5, 8, as_signals=True) for seed in (3, 3, 4))
    assert first.eeg.equal(again.eeg)
    assert not first.eeg.equal(other.eeg)


def test_each_patient_is_simulated_once_also_after_a_kill(tmp_path):
    asked = []

    def cut(patient: int) -> Windows:
        asked.append(patient)
        return windows(4)

    gather(tmp_path, range(2), cut)
    again = gather(tmp_path, range(3), cut)
    assert asked == [0, 1, 2]
    assert again.digest() != windows(4).digest()
    assert len(again.patient) == 12


def test_every_row_of_the_tables_is_trained_or_is_the_papers_own():
    shown = {row for rows in TABLES.values() for row in rows}
    assert set(ROWS) <= shown
    assert shown - set(ROWS) <= set(PAPER)
    assert {smaller(config) for config in ABLATIONS.values()} >= {SMALLER}
    assert len({smaller(config) for config in ABLATIONS.values()}) == len(ABLATIONS)
