"""What a scanner leaves in the EEG after the usual corrections: residual gradients and the ballistocardiogram."""

import numpy as np
from numpy.typing import NDArray

from inference.simulate.head import Dipole
from inference.simulate.noise import Spectrum, blocks
from inference.simulate.sheet import Page
from inference.simulate.sleep.patients import ScannerResidue, SleepPatient
from inference.simulate.streams import Stream, generator

#: Corrections drift out of tune and into it again over some volumes.
_TUNING = Spectrum(0.01, 0.1)
_N_HARMONICS = 3


def add_scanner_residue(page: Page, patient: SleepPatient, residue: ScannerResidue, tr_s: float, seed: int) -> None:
    """Add what is left of gradients and heart, as long as the scanner runs: the whole recording."""
    random = generator(seed, Stream.SCANNER)
    add_gradients(page, residue, tr_s, random, seed)
    _add_ballistocardiogram(page, patient, residue, random)


def add_gradients(page: Page, residue: ScannerResidue, tr_s: float, random: np.random.Generator, seed: int) -> None:
    """Add harmonics of the slice rate, each electrode with a strength that its loop of wire gives it."""
    slice_hz = residue.slices_per_volume / tr_s
    loops = random.normal(0.0, 1.0, (len(page.eeg), _N_HARMONICS))
    phases = random.uniform(0, 2 * np.pi, (len(page.eeg), _N_HARMONICS))
    for block in blocks(page.n_samples, page.rate_hz):
        tuning = block.noise(generator(seed, Stream.SCANNER, block.index), _TUNING, _N_HARMONICS)
        span = slice(block.start, block.stop)
        for harmonic in range(_N_HARMONICS):
            hz = (harmonic + 1) * slice_hz
            if hz < page.rate_hz / 2:
                strength = residue.gradient_uv * loops[:, harmonic] / (harmonic + 1)
                turn = 2 * np.pi * hz * block.time_s + phases[:, harmonic, None]
                wave = strength[:, None] * np.sin(turn) * tuning[harmonic]
                page.eeg[:, span] += (wave * block.fade).astype(np.float32)


def _add_ballistocardiogram(
    page: Page, patient: SleepPatient, residue: ScannerResidue, random: np.random.Generator
) -> None:
    """Add, after each heart beat, the movement of blood and head in the field: of opposite sign left and right.

    Source of the shape: Debener et al. 2008, Int. J. Psychophysiol. 67:189, figures 1 and 2.
    """
    tilt, lean = (float(angle) for angle in random.normal(0.0, 0.3, 2))
    sideways = page.head.field(Dipole((0.0, -0.1, 0.1), (1.0, tilt, lean)))
    nodding = page.head.field(Dipole((0.0, -0.1, 0.1), (0.0, 1.0, 0.6)))
    spread = random.normal(0.0, 0.15, len(sideways)).astype(np.float32)
    beat_s, at_s = 1.0 / patient.body.heart_rate_hz, 0.0
    while at_s < page.duration_s:
        uv = residue.ballistocardiogram_uv * float(random.lognormal(0.0, 0.35))

        def early(t: NDArray[np.float64], uv: float = uv) -> NDArray[np.float64]:
            u = t - residue.ballistocardiogram_lag_s
            shape: NDArray[np.float64] = uv * np.exp(-0.5 * (u / 0.07) ** 2) * np.cos(2 * np.pi * 4.5 * u)
            return shape

        def late(t: NDArray[np.float64], uv: float = uv) -> NDArray[np.float64]:
            u = t - residue.ballistocardiogram_lag_s - 0.12
            shape: NDArray[np.float64] = 0.6 * uv * np.exp(-0.5 * (u / 0.09) ** 2) * np.sin(2 * np.pi * 3.2 * u)
            return shape

        page.add_wave(at_s, 0.7, early, sideways + spread)
        page.add_wave(at_s, 0.7, late, nodding)
        at_s += beat_s * float(random.normal(1.0, 0.05))
