"""Windows for DSMN-ESS: cut from prepared signals, labelled by what is true in them, and divided by patient."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.labels.scoring import Span
from inference.models.dsmn_ess import ELECTRODES
from inference.runtime.cards import MAINS, MontageInputs

#: What the network is shown: sections II-B and III-A.
INPUTS = MontageInputs(
    eeg_electrodes=ELECTRODES,
    rate_hz=256.0,
    window_s=4.0,
    hop_s=2.0,
    lff_hz=1.0,
    hff_hz=70.0,
    notch_hz=MAINS,
)
#: A window is of a seizure if it holds this share of one, or if a seizure fills this share of it.
SEIZURE_SHARE = 0.5
#: Labels of the second task, and of windows of which nobody could tell.
INTERICTAL, SEIZURE, UNCLEAR = 0, 1, -1


@dataclass(frozen=True, slots=True, eq=False)
class LabelledWindows:
    """Windows of many patients.

    Attributes
    ----------
    eeg : (windows, electrodes, samples) float32 or float16, prepared as `INPUTS` says; may be mapped from disk.
    present : (windows, electrodes) float32, 1 where the electrode was recorded.
    syndrome : (windows,) int64, index in the network's syndromes; each patient has one.
    seizure : (windows,) int64, 1 in a seizure, 0 between seizures, -1 on the edge of one.
    patient : (windows,) int64, who each window is of.
    """

    eeg: NDArray[np.floating]
    present: NDArray[np.float32]
    syndrome: NDArray[np.int64]
    seizure: NDArray[np.int64]
    patient: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.patient)


class Split(NamedTuple):
    """Indices of windows; no patient is on two sides."""

    training: NDArray[np.int64]
    validation: NDArray[np.int64]


def join_windows(parts: Sequence[LabelledWindows]) -> LabelledWindows:
    """Put the windows of several patients one after the other."""
    return LabelledWindows(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("eeg", "present", "syndrome", "seizure", "patient")
        )
    )


def split_patients(windows: LabelledWindows, training: Collection[int]) -> Split:
    """Divide windows into those of patients to learn from and those of the others, who validate."""
    learns = np.isin(windows.patient, list(training))
    return Split(np.flatnonzero(learns), np.flatnonzero(~learns))


def cut_windows(
    signals: NDArray[np.float32], valid: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Cut prepared signals into windows of 4 s that overlap by half (section III-A), leaving out those with a gap.

    Parameters
    ----------
    signals : (electrodes, samples), prepared as `INPUTS` says.
    valid : (samples,) False in gaps.

    Returns
    -------
    (windows, electrodes, samples of a window), and the onset of each window in s from the first sample.
    """
    length, hop = round(INPUTS.window_s * INPUTS.rate_hz), round(INPUTS.hop_s * INPUTS.rate_hz)
    firsts = np.arange(0, signals.shape[1] - length + 1, hop)
    firsts = firsts[[bool(valid[first : first + length].all()) for first in firsts]]
    windows = np.zeros((len(firsts), len(signals), length), dtype=np.float32)
    for window, first in zip(windows, firsts, strict=True):
        window[:] = signals[:, first : first + length]
    return windows, firsts / INPUTS.rate_hz


def label_windows(onset_s: NDArray[np.float64], seizures: Sequence[Span]) -> NDArray[np.int64]:
    """Label windows by the seizures in them: 1 with half of one or half full of one, 0 with none, else -1.

    The paper tells seizure from interictal periods and not what becomes of windows on their edges.
    """
    labels = np.full(len(onset_s), INTERICTAL, dtype=np.int64)
    shared_s = np.zeros(len(onset_s))
    holds_half = np.zeros(len(onset_s), dtype=bool)
    for seizure in seizures:
        overlap_s = np.minimum(onset_s + INPUTS.window_s, seizure.end_s) - np.maximum(onset_s, seizure.onset_s)
        overlap_s = np.clip(overlap_s, 0.0, None)
        shared_s += overlap_s
        holds_half |= overlap_s >= SEIZURE_SHARE * (seizure.end_s - seizure.onset_s)
    labels[shared_s > 0.0] = UNCLEAR
    labels[holds_half | (shared_s >= SEIZURE_SHARE * INPUTS.window_s)] = SEIZURE
    return labels
