"""Simulated patients with a focus as the network is shown them: every channel prepared, with its class."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.labels.files import write_json
from inference.recordings.recording import Recording
from inference.runtime.cards import ChannelInputs
from inference.signals.filters import FilterSettings, filter_signal
from inference.signals.resampling import resample
from inference.simulate.foci import FocusCase, Site

RECORD_NAME = "patient.json"


@dataclass(frozen=True, slots=True, eq=False)
class PreparedPatient:
    """One patient's channels.

    Attributes
    ----------
    seed, site : who it is, and where the electrodes lie.
    signals : (channels, samples) float16, at the network's rate and in its band.
    label : (channels,) 1 over the focus, 0 elsewhere.
    """

    seed: int
    site: Site
    signals: NDArray[np.float16]
    label: NDArray[np.int64]

    def windows(self, channel: int, n_samples: int, n_hop: int) -> NDArray[np.float32]:
        """Give the overlapping windows of one channel, (windows, n_samples)."""
        signal = self.signals[channel].astype(np.float32)
        return np.lib.stride_tricks.sliding_window_view(signal, n_samples)[::n_hop]


def prepare_channels(recording: Recording, spec: ChannelInputs) -> NDArray[np.float32]:
    """Filter and resample every channel as a card asks for, (channels, samples)."""
    band = FilterSettings(spec.lff_hz, spec.hff_hz)
    channels = range(len(recording.channels))
    signals = recording.read(channels, 0.0, recording.duration_s)
    prepared = [
        resample(filter_signal(signals[index], recording.channels[index].rate_hz, band), rate_hz, spec.rate_hz)
        for index, rate_hz in ((index, recording.channels[index].rate_hz) for index in channels)
    ]
    return np.stack(prepared).astype(np.float32)


def prepare_patient(case: FocusCase, spec: ChannelInputs) -> PreparedPatient:
    """Prepare a simulated recording exactly as running does."""
    signals = prepare_channels(case.recording, spec).astype(np.float16)
    return PreparedPatient(case.patient.seed, case.patient.site, signals, case.patient.focal.astype(np.int64))


def keep_patient(folder: Path, patient: PreparedPatient, made_from: Mapping[str, Any]) -> None:
    """Keep a patient in a folder; it counts as kept once its record is written, which comes last.

    Parameters
    ----------
    made_from : everything that the patient depends on, as JSON.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "signals.npy", patient.signals)
    fields = {"made_from": made_from, "seed": patient.seed, "site": patient.site, "label": patient.label.tolist()}
    write_json(folder / RECORD_NAME, fields)


def find_patient(folder: Path, made_from: Mapping[str, Any]) -> PreparedPatient | None:
    """Give the patient kept in a folder, None where there is none, or another, or not all of it."""
    try:
        fields = json.loads((folder / RECORD_NAME).read_bytes())
        if fields["made_from"] != json.loads(json.dumps(made_from)):
            return None
        signals = np.load(folder / "signals.npy", mmap_mode="r")
        return PreparedPatient(fields["seed"], fields["site"], signals, np.array(fields["label"], np.int64))
    except (OSError, ValueError, KeyError, TypeError):
        return None


class ChannelBatch(NamedTuple):
    """Windows (batch, samples), their classes (batch,) and the numbers of their patients (batch,)."""

    windows: Tensor
    label: Tensor
    patient: Tensor


class ChannelDraws:
    """Draws windows of random patients, as many over a focus as elsewhere; each patient is equally likely.

    Windows are turned upside down by chance, because the sign depends on the reference; white noise of up to ``noise``
    times a window's own standard deviation is added.
    """

    def __init__(self, patients: Sequence[PreparedPatient], n_samples: int, seed: int, noise: float) -> None:
        self.patients, self.n_samples, self.seed, self.noise = patients, n_samples, seed, noise
        self.of_class = [[np.flatnonzero(patient.label == index) for patient in patients] for index in (0, 1)]

    def batch(self, step: int, batch_size: int) -> ChannelBatch:
        """Give the batch of a step, from 0; the same every time."""
        rng = np.random.default_rng((self.seed, step))
        label = rng.permutation(np.arange(batch_size) % 2)
        chosen = rng.integers(len(self.patients), size=batch_size)
        windows = np.stack([self._window(rng, *pair) for pair in zip(chosen, label, strict=True)])
        return ChannelBatch(torch.from_numpy(windows), torch.from_numpy(label), torch.from_numpy(chosen))

    def _window(self, rng: np.random.Generator, patient: int, label: int) -> NDArray[np.float32]:
        signals = self.patients[patient].signals
        channel = rng.choice(self.of_class[label][patient])
        start = int(rng.integers(signals.shape[1] - self.n_samples + 1))
        window = signals[channel, start : start + self.n_samples].astype(np.float32)
        window *= rng.choice([-1.0, 1.0])
        noise = window.std() * rng.uniform(0.0, self.noise) * rng.standard_normal(self.n_samples, dtype=np.float32)
        noisy: NDArray[np.float32] = (window + noise).astype(np.float32)
        return noisy
