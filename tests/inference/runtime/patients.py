"""Small recordings with known content, for the tests of the runtime."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy import signal

from inference.recordings.array import ArrayRecording
from inference.recordings.electrodes import IFCN_ELECTRODES
from inference.recordings.recording import Channel, ChannelKind, Gap
from inference.runtime.cards import MontageInputs

SPEC = MontageInputs(
    eeg_electrodes=IFCN_ELECTRODES,
    n_emg=4,
    rate_hz=256.0,
    window_s=4.0,
    hop_s=0.5,
    lff_hz=0.5,
    hff_hz=70.0,
    emg_lff_hz=10.0,
    emg_hff_hz=100.0,
)
TEN_TWENTY = tuple(name for name in IFCN_ELECTRODES if name not in {"F9", "F10", "T9", "T10", "P9", "P10"})


def eeg(name: str, rate_hz: float = 256.0, reference: str | None = None) -> Channel:
    return Channel(name, ChannelKind.EEG, "uV", rate_hz, name.partition("-")[0], reference)


def bipolar(name: str, rate_hz: float = 256.0) -> Channel:
    return Channel(name, ChannelKind.EEG, "uV", rate_hz)


def emg(name: str, rate_hz: float = 256.0) -> Channel:
    return Channel(name, ChannelKind.EMG, "uV", rate_hz)


def make_patient(
    duration_s: float = 120.0,
    rate_hz: float = 256.0,
    bursts_s: Sequence[float] = (),
    electrodes: Sequence[str] = TEN_TWENTY,
    muscles: Sequence[str] = ("L DELT", "R DELT"),
    gaps: Sequence[Gap] = (),
    path: Path = Path("patient"),
    seed: int = 1,
) -> ArrayRecording:
    """EEG of 20 uV with EMG of 5 uV that rises twentyfold for one second from each of ``bursts_s`` on."""
    rng = np.random.default_rng(seed)
    n_samples = round(duration_s * rate_hz)
    time_s = np.arange(n_samples) / rate_hz
    slow = signal.butter(2, [1.0, 20.0], "bandpass", fs=rate_hz, output="sos")
    brain = signal.sosfilt(slow, rng.normal(size=(len(electrodes), n_samples)), axis=1)
    brain *= 20.0 / brain.std()
    muscle = rng.normal(scale=5.0, size=(len(muscles), n_samples))
    for onset_s in bursts_s:
        muscle[:, (time_s >= onset_s) & (time_s < onset_s + 1.0)] *= 20.0
    channels = [*(eeg(name, rate_hz) for name in electrodes), *(emg(name, rate_hz) for name in muscles)]
    return ArrayRecording(channels, [*brain, *muscle], gaps=gaps, path=path)


def change_signals(recording: ArrayRecording, gains: Mapping[str, float]) -> ArrayRecording:
    """Give a recording with some channels louder, weaker or, by a gain of 0, silent."""
    signals = recording.read(range(len(recording.channels)), 0.0, recording.duration_s)
    changed = [x * gains.get(channel.name, 1.0) for channel, x in zip(recording.channels, signals, strict=True)]
    return ArrayRecording(recording.channels, changed, gaps=recording.gaps, path=recording.path)


def only_muscles(duration_s: float) -> ArrayRecording:
    """Give a recording without EEG."""
    recording = make_patient(duration_s)
    chosen = recording.of_kind(ChannelKind.EMG)
    return ArrayRecording([recording.channels[i] for i in chosen], recording.read(chosen, 0.0, duration_s))
