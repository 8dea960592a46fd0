"""The sheet on which one recording is drawn up: potentials, muscle drives and the level of the background."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.recordings.electrodes import IFCN_ELECTRODES, electrode_position
from inference.simulate.independent.conduction import Shells, lead_field
from inference.simulate.independent.muscles import DRIVE_RATE_HZ, MUSCLE_RATE_HZ

#: Everything is drawn up at this rate and resampled to the recorder's at the end.
SHEET_RATE_HZ: Final = MUSCLE_RATE_HZ
#: Electrodes that channels may be recorded against.
REFERENCE_SITES: Final = ("A1", "A2", "M1", "FCz")
SITES: Final = (*IFCN_ELECTRODES, *REFERENCE_SITES)
N_EEG: Final = len(IFCN_ELECTRODES)
#: Muscles of face and neck, with the electrode that lies over each.
SCALP_MUSCLES: Final = {
    "temporalis L": "F7",
    "temporalis R": "F8",
    "frontalis L": "Fp1",
    "frontalis R": "Fp2",
    "neck L": "P9",
    "neck R": "P10",
}


class Scalp:
    """The electrodes of one infant and what dipoles leave on them."""

    def __init__(self, shells: Shells) -> None:
        self.places = np.array([electrode_position(name) for name in SITES])
        self._shells = shells

    def field(self, place: NDArray[np.float64], moment: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give a dipole's potential at every site, scaled to reach 1 against the mean of the 25 electrodes."""
        potential = lead_field(self.places, place[None], moment[None], self._shells)[:, 0]
        scalp = potential[:N_EEG]
        scaled: NDArray[np.float64] = potential / np.abs(scalp - scalp.mean()).max()
        return scaled


class Sheet:
    """What is being drawn up.

    Attributes
    ----------
    eeg : (29, n) microvolts at ``SITES``, everything but the ongoing background.
    drives : muscle name -> (m,) share of full drive at ``DRIVE_RATE_HZ``, for recorded and scalp muscles.
    level : (m,) share of the background that is there, at ``DRIVE_RATE_HZ``.
    """

    def __init__(self, duration_s: float, muscles: tuple[str, ...]) -> None:
        self.duration_s = duration_s
        self.n = round(duration_s * SHEET_RATE_HZ)
        n_drive = int(np.ceil(duration_s * DRIVE_RATE_HZ)) + 1
        self.eeg = np.zeros((len(SITES), self.n), dtype=np.float32)
        self.drives = {name: np.zeros(n_drive) for name in (*muscles, *SCALP_MUSCLES)}
        self.level = np.ones(n_drive)
        self.muscles = muscles

    def add(self, weights: NDArray[np.float64], onset_s: float, wave_uv: NDArray[np.float64]) -> None:
        """Add a wave, sampled at ``SHEET_RATE_HZ``, to every site by its weight; what lies outside is dropped."""
        first = round(onset_s * SHEET_RATE_HZ)
        low, high = max(0, first), min(self.n, first + len(wave_uv))
        if low < high:
            self.eeg[:, low:high] += np.outer(weights, wave_uv[low - first : high - first]).astype(np.float32)

    def drive(self, muscle: str, onset_s: float, course: NDArray[np.float64]) -> None:
        """Drive a muscle by a course at ``DRIVE_RATE_HZ``; where drives meet, the stronger one counts."""
        first = round(onset_s * DRIVE_RATE_HZ)
        drive = self.drives[muscle]
        low, high = max(0, first), min(len(drive), first + len(course))
        if low < high:
            drive[low:high] = np.maximum(drive[low:high], course[low - first : high - first])

    def attenuate(self, onset_s: float, duration_s: float, remaining: float, fall_s: float, rise_s: float) -> None:
        """Lower the background to a share of itself for a while."""
        n_fall, n_rise = (max(2, round(x * DRIVE_RATE_HZ)) for x in (fall_s, rise_s))
        n_flat = max(1, round(duration_s * DRIVE_RATE_HZ) - n_fall - n_rise)
        fall, rise = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, k)) for k in (n_fall, n_rise))
        depth = np.concatenate([fall, np.ones(n_flat), rise[::-1]])
        first = round(onset_s * DRIVE_RATE_HZ)
        low, high = max(0, first), min(len(self.level), first + len(depth))
        if low < high:
            lowered = 1.0 - (1.0 - remaining) * depth[low - first : high - first]
            self.level[low:high] = np.minimum(self.level[low:high], lowered)


def sheet_time_s(duration_s: float) -> NDArray[np.float64]:
    """Give the times of a wave's samples from its onset."""
    return np.arange(max(2, round(duration_s * SHEET_RATE_HZ))) / SHEET_RATE_HZ


def drive_share(duration_s: float) -> NDArray[np.float64]:
    """Give 0 to 1 over a course of drive."""
    return np.linspace(0.0, 1.0, max(2, round(duration_s * DRIVE_RATE_HZ)))
