"""Windows for training: cut from stored log power, balanced between classes, and varied as real recordings vary."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.models.blocks.morlet import POWER_FLOOR
from inference.models.iess_fusionnet import IessConfig
from inference.recordings.electrodes import IFCN_ELECTRODES
from inference.simulate.head import TEN_TWENTY_ELECTRODES
from inference.simulate.truth import TruthEvent
from inference.training.features import PatientFeatures

#: A window is positive where a spasm comes within so much of its centre ...
POSITIVE_REACH_S = 0.3
#: ... negative where none comes within so much, and unused in between: nobody could tell.
NEGATIVE_REACH_S = 0.8
#: A decoy within so much of the centre makes a window a hard negative.
DECOY_REACH_S = 0.3


class Batch(NamedTuple):
    """Windows as the network's body takes them, and the class of each."""

    eeg_power: Tensor
    emg_power: Tensor
    eeg_present: Tensor
    emg_present: Tensor
    target: Tensor


@dataclass(frozen=True, slots=True)
class Variation:
    """How strongly training windows are varied; gains are standard deviations of natural log power.

    ``ten_twenty``, ``sparse``, ``no_emg`` and ``slow_recorder`` are shares of windows: with the 19 electrodes of the
    10-20 system, with as few as ``fewest_electrodes``, without EMG, and from a recorder of about 100 Hz.
    """

    eeg_gain: float = 0.4
    emg_gain: float = 0.6
    ten_twenty: float = 0.2
    sparse: float = 0.15
    fewest_electrodes: int = 8
    no_emg: float = 0.25
    fewer_emg: float = 0.35
    slow_recorder: float = 0.1


def label_frames(features: PatientFeatures) -> NDArray[np.int8]:
    """Give the class of a window centred on each frame: 1 spasm, 0 none, -1 too close to a spasm's edge to tell."""
    labels = np.zeros(features.n_frames, dtype=np.int8)
    for reach_s, label in ((NEGATIVE_REACH_S, -1), (POSITIVE_REACH_S, 1)):
        for event in features.spasms:
            labels[_frames_near(event, reach_s, features)] = label
    return labels


def _frames_near(event: TruthEvent, reach_s: float, features: PatientFeatures) -> slice:
    first = max(0, round((event.onset_s - reach_s) / features.frame_s))
    return slice(first, max(first, round((event.end_s + reach_s) / features.frame_s)))


class WindowSampler:
    """Draws batches: ``positive_share`` spasms, each spasm as likely as any other, and half of the rest next to decoys.

    The batch of a step depends on the seed and the step alone.
    """

    def __init__(
        self,
        patients: Sequence[PatientFeatures],
        config: IessConfig,
        seed: int,
        variation: Variation | None = None,
        positive_share: float = 0.4,
    ) -> None:
        self._patients, self._config, self._seed = patients, config, seed
        self._variation = variation or Variation()
        self._positive_share = positive_share
        self._half = config.window_frames // 2
        self._spasms: list[tuple[int, NDArray[np.intp]]] = []
        self._decoys: list[tuple[int, NDArray[np.intp]]] = []
        self._background: list[tuple[int, NDArray[np.intp]]] = []
        for index, patient in enumerate(patients):
            self._index_patient(index, patient)
        if not self._spasms:
            raise ValueError("no training patient has a spasm")
        self._decoys = self._decoys or self._background

    def _index_patient(self, index: int, patient: PatientFeatures) -> None:
        labels = label_frames(patient)
        inside = np.zeros(patient.n_frames, dtype=bool)
        inside[self._half : patient.n_frames - self._half] = True
        for events, reach_s, label, pools in (
            (patient.spasms, POSITIVE_REACH_S, 1, self._spasms),
            (patient.decoys, DECOY_REACH_S, 0, self._decoys),
        ):
            for event in events:
                near = np.zeros(patient.n_frames, dtype=bool)
                near[_frames_near(event, reach_s, patient)] = True
                centres = np.flatnonzero(near & inside & (labels == label))
                if len(centres):
                    pools.append((index, centres))
        background = np.flatnonzero(inside & (labels == 0))
        if len(background):
            self._background.append((index, background))

    def batch(self, step: int, size: int) -> Batch:
        """Draw the batch of a step, from 0; the same every time."""
        rng = np.random.default_rng((self._seed, step))
        windows = []
        targets = np.zeros(size, dtype=np.int64)
        for row in range(size):
            is_spasm = row < round(size * self._positive_share)
            pools = self._spasms if is_spasm else (self._decoys if row % 2 else self._background)
            index, centres = pools[rng.integers(len(pools))]
            windows.append(self._vary(self._patients[index], int(rng.choice(centres)), rng))
            targets[row] = is_spasm
        eeg, emg, eeg_present, emg_present = (
            torch.from_numpy(np.stack(arrays)) for arrays in zip(*windows, strict=True)
        )
        return Batch(eeg, emg, eeg_present, emg_present, torch.from_numpy(targets))

    def _vary(self, patient: PatientFeatures, centre: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
        variation = self._variation
        window = slice(centre - self._half, centre + self._half)
        eeg = patient.eeg[:, :, window].astype(np.float32)
        emg = patient.emg[:, :, window].astype(np.float32)
        eeg_present = patient.eeg_present.copy()
        if rng.random() < 0.5:
            eeg, eeg_present = eeg[:, _MIRRORED], eeg_present[_MIRRORED]
        eeg_present *= draw_electrodes(rng, variation)
        order = rng.permutation(emg.shape[1])
        emg, emg_present = emg[:, order], patient.emg_present[order] * draw_muscles(rng, variation, emg.shape[1])
        eeg += rng.normal(0.0, variation.eeg_gain)
        emg += rng.normal(0.0, variation.emg_gain, size=(1, emg.shape[1], 1))
        if rng.random() < variation.slow_recorder:
            above = np.array(self._config.eeg_wavelets.frequencies_hz) > rng.uniform(40.0, 60.0)
            eeg[above] = np.log(POWER_FLOOR)
        return eeg, emg, eeg_present, emg_present.astype(np.float32)


def draw_electrodes(rng: np.random.Generator, variation: Variation) -> NDArray[np.float32]:
    """Draw which of the electrodes were recorded, 1 or 0 for each; at least one is."""
    chance = rng.random()
    n_all = len(IFCN_ELECTRODES)
    kept = np.ones(n_all, dtype=np.float32)
    if chance < variation.ten_twenty:
        kept[:] = [name in TEN_TWENTY_ELECTRODES for name in IFCN_ELECTRODES]
    elif chance < variation.ten_twenty + variation.sparse:
        n_kept = int(rng.integers(variation.fewest_electrodes, n_all))
        kept[rng.permutation(n_all)[n_kept:]] = 0.0
    return kept


def draw_muscles(rng: np.random.Generator, variation: Variation, n_emg: int) -> NDArray[np.float32]:
    """Draw which of the EMG channels were recorded, 1 or 0 for each."""
    chance = rng.random()
    kept = np.ones(n_emg, dtype=np.float32)
    if chance < variation.no_emg:
        kept[:] = 0.0
    elif chance < variation.no_emg + variation.fewer_emg:
        kept[int(rng.integers(1, n_emg)) :] = 0.0
    return kept


def _mirror(name: str) -> str:
    """Name the electrode on the other side: odd numbers are left, even ones right."""
    number = re.search(r"\d+$", name)
    if not number:
        return name
    value = int(number.group())
    return name[: number.start()] + str(value + 1 if value % 2 else value - 1)


_MIRRORED = [IFCN_ELECTRODES.index(_mirror(name)) for name in IFCN_ELECTRODES]
