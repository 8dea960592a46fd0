"""Windows for training: cut from stored features, balanced between classes, and varied as real recordings vary."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.models.iess_fusionnet import IessConfig
from inference.simulate.truth import Role, TruthEvent
from inference.training.features import PatientFeatures
from inference.training.variation import Variation, Window, mix, vary

#: A window is positive where the beginning of a spasm, which holds all that tells it from a movement, comes within so
#: much of its centre ...
POSITIVE_REACH_S = 0.3
BEGINNING_S = 2.5
#: ... negative where no part of one comes within so much, and unused in between: nobody could tell.
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


def label_frames(features: PatientFeatures) -> NDArray[np.int8]:
    """Give the class of a window centred on each frame: 1 spasm, 0 none, -1 too close to a spasm's edge to tell."""
    labels = np.zeros(features.n_frames, dtype=np.int8)
    for reach_s, label in ((NEGATIVE_REACH_S, -1), (POSITIVE_REACH_S, 1)):
        for event in features.spasms:
            span = _beginning(event) if label == 1 else event
            labels[_frames_near(span, reach_s, features)] = label
    return labels


def _beginning(event: TruthEvent) -> TruthEvent:
    return replace(event, duration_s=min(event.duration_s, BEGINNING_S))


def _frames_near(event: TruthEvent, reach_s: float, features: PatientFeatures) -> slice:
    first = max(0, round((event.onset_s - reach_s) / features.frame_s))
    return slice(first, max(first, round((event.end_s + reach_s) / features.frame_s)))


class WindowSampler:
    """Draws batches: ``positive_share`` spasms, and half of the rest next to decoys.

    An infant's spasms are shown as often as the square root of their number asks for: an infant with a hundred teaches
    more than one with four, but not 25 times as much. Each kind of decoy is as likely as any other, however often it
    happens: blinks would else crowd out the rest. The batch of a step depends on the seed and the step alone.
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
        self._spasms: dict[int, list[NDArray[np.intp]]] = {}
        self._decoys: dict[str, list[tuple[int, NDArray[np.intp]]]] = {}
        self._background: list[tuple[int, NDArray[np.intp]]] = []
        for index, patient in enumerate(patients):
            self._index_patient(index, patient)
        if not self._spasms:
            raise ValueError("no training patient has a spasm")
        shares = np.sqrt([len(spasms) for spasms in self._spasms.values()])
        self._infants, self._infant_shares = list(self._spasms), shares / shares.sum()

    def _index_patient(self, index: int, patient: PatientFeatures) -> None:
        labels = label_frames(patient)
        inside = np.zeros(patient.n_frames, dtype=bool)
        inside[self._half : patient.n_frames - self._half] = True
        for event in (*patient.spasms, *patient.decoys):
            is_spasm = event.role is Role.SPASM
            near = np.zeros(patient.n_frames, dtype=bool)
            near[_frames_near(event, POSITIVE_REACH_S if is_spasm else DECOY_REACH_S, patient)] = True
            centres = np.flatnonzero(near & inside & (labels == is_spasm))
            if len(centres) and is_spasm:
                self._spasms.setdefault(index, []).append(centres)
            elif len(centres):
                self._decoys.setdefault(event.label, []).append((index, centres))
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
            index, centres = self._draw_spasm(rng) if is_spasm else self._draw_negative(rng, near_decoy=row % 2 == 1)
            windows.append(self._vary(self._patients[index], int(rng.choice(centres)), rng))
            targets[row] = is_spasm
        eeg, emg, eeg_present, emg_present = (
            torch.from_numpy(np.stack(arrays)) for arrays in zip(*windows, strict=True)
        )
        return Batch(eeg, emg, eeg_present, emg_present, torch.from_numpy(targets))

    def _draw_spasm(self, rng: np.random.Generator) -> tuple[int, NDArray[np.intp]]:
        """Draw a patient and the centres there of windows with one of its spasms."""
        index = int(rng.choice(self._infants, p=self._infant_shares))
        return index, self._spasms[index][rng.integers(len(self._spasms[index]))]

    def _draw_negative(self, rng: np.random.Generator, *, near_decoy: bool) -> tuple[int, NDArray[np.intp]]:
        """Draw a patient and the centres there of windows without a spasm."""
        kinds = sorted(self._decoys)
        pool = self._decoys[kinds[rng.integers(len(kinds))]] if near_decoy and kinds else self._background
        return pool[rng.integers(len(pool))]

    def _vary(self, patient: PatientFeatures, centre: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
        variation = self._variation
        window = self._cut(patient, centre)
        if rng.random() < variation.mixed:
            index, centres = self._background[rng.integers(len(self._background))]
            other = self._cut(self._patients[index], int(rng.choice(centres)))
            window = mix(window, other, self._config, rng, variation)
        return vary(window, self._config, rng, variation)

    def _cut(self, patient: PatientFeatures, centre: int) -> Window:
        frames = slice(centre - self._half, centre + self._half)
        eeg, emg = (values[:, :, frames].astype(np.float32) for values in (patient.eeg, patient.emg))
        return Window(eeg, emg, patient.eeg_present, patient.emg_present)
