"""Simulated patients as the network's fixed front end sees them: features of whole recordings, kept on disk."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from inference.models.iess_fusionnet import FrontEnd
from inference.recordings.recording import Recording
from inference.runtime.cards import MontageInputs
from inference.runtime.inputs import InputPreparer, plan_channels
from inference.simulate.truth import Role, TruthEvent


@dataclass(frozen=True, slots=True, eq=False)
class PatientFeatures:
    """One recording as features, from which windows are cut.

    Attributes
    ----------
    eeg, emg : (features, channels, frames) float16, mapped from disk; log powers, and after them slow signals.
    eeg_present, emg_present : (channels,) 1 where the network is shown a channel.
    truth : what really happens in the recording.
    frame_s : length of a frame.
    """

    eeg: NDArray[np.float16]
    emg: NDArray[np.float16]
    eeg_present: NDArray[np.float32]
    emg_present: NDArray[np.float32]
    truth: tuple[TruthEvent, ...]
    frame_s: float

    @property
    def n_frames(self) -> int:
        """Count the frames of the whole recording."""
        return int(self.eeg.shape[-1])

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return self.n_frames * self.frame_s

    @property
    def spasms(self) -> tuple[TruthEvent, ...]:
        """The true spasms."""
        return tuple(event for event in self.truth if event.role is Role.SPASM)

    @property
    def decoys(self) -> tuple[TruthEvent, ...]:
        """What may be mistaken for a spasm."""
        return tuple(event for event in self.truth if event.role is Role.NEGATIVE)


def store_features(
    recording: Recording,
    truth: tuple[TruthEvent, ...],
    spec: MontageInputs,
    front_end: FrontEnd,
    folder: Path,
    *,
    exclude: Collection[str] = (),
) -> PatientFeatures:
    """Prepare a recording exactly as running does, take its features once, and keep them in a folder.

    Parameters
    ----------
    exclude : names of channels to leave out, as if they had not been recorded.
    """
    preparer = InputPreparer(recording, plan_channels(recording.channels, spec, exclude), spec)
    frame_s = front_end.eeg.config.frame_samples / spec.rate_hz
    duration_s = int(recording.duration_s / frame_s) * frame_s
    signals = preparer.read(0.0, duration_s)
    with torch.no_grad():
        features = front_end(torch.from_numpy(signals.eeg[None]), torch.from_numpy(signals.emg[None]))
    folder.mkdir(parents=True, exist_ok=True)
    stored = []
    for name, values in zip(("eeg", "emg"), features, strict=True):
        path = folder / f"{name}.npy"
        np.save(path, values[0].to(torch.float16).numpy())
        stored.append(np.load(path, mmap_mode="r"))
    plan = preparer.plan
    return PatientFeatures(stored[0], stored[1], plan.eeg_present, plan.emg_present, truth, frame_s)
