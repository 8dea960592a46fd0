import numpy as np
import pytest
from scipy.signal import resample_poly, welch

from inference.simulate.noise import BLOCK_S, Spectrum, blocks


def endless(spectrum: Spectrum, duration_s: float, rate_hz: float, n_signals: int = 4) -> np.ndarray:
    n_samples = round(duration_s * rate_hz)
    signals = np.zeros((n_signals, n_samples), dtype=np.float32)
    for block in blocks(n_samples, rate_hz):
        random = np.random.default_rng([7, block.index])
        signals[:, block.start : block.stop] += block.noise(random, spectrum, n_signals) * block.fade
    return signals


@pytest.mark.parametrize("spectrum", [Spectrum(0.7, 3.0), Spectrum(20.0, 60.0), Spectrum(0.6, 60.0, 1.5)])
def test_noise_has_unit_variance_also_where_blocks_meet(spectrum):
    noise = endless(spectrum, 300.0, 256.0, 16)
    assert noise.std() == pytest.approx(1.0, abs=0.05)
    seam = round((BLOCK_S - 1.0) * 256)
    assert noise[:, seam - 256 : seam + 256].std() == pytest.approx(1.0, abs=0.2)


def test_power_lies_between_the_edges():
    frequency_hz, power = welch(endless(Spectrum(8.0, 12.0, order=8), 120.0, 256.0), 256.0, nperseg=1024)
    inside = (frequency_hz > 6.0) & (frequency_hz < 15.0)
    assert power[:, inside].sum() > 0.95 * power.sum()


def test_power_falls_with_the_exponent():
    frequency_hz, power = welch(endless(Spectrum(0.5, 100.0, 2.0), 300.0, 256.0), 256.0, nperseg=2048)
    line = (frequency_hz > 2.0) & (frequency_hz < 40.0)
    slope = np.polyfit(np.log(frequency_hz[line]), np.log(power.mean(axis=0)[line]), 1)[0]
    assert slope == pytest.approx(-2.0, abs=0.15)


def test_another_sampling_rate_shows_the_same_noise():
    slow = endless(Spectrum(1.0, 20.0), 70.0, 256.0)
    fast = endless(Spectrum(1.0, 20.0), 70.0, 1024.0)
    inner = slice(256, -256)
    np.testing.assert_allclose(resample_poly(fast, 1, 4, axis=-1)[:, inner], slow[:, inner], atol=0.02)


def test_a_longer_recording_begins_as_a_shorter_one():
    spectrum = Spectrum(1.0, 20.0)
    np.testing.assert_array_equal(endless(spectrum, 95.0, 128.0)[:, : 61 * 128], endless(spectrum, 61.0, 128.0))
