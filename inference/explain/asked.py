"""A network as occlusion asks it: in two parts where it can be, so that its front end runs once, or as a whole."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.explain.canvas import (
    BAND_EDGES_HZ,
    Canvas,
    FeatureCanvas,
    Modality,
    SignalCanvas,
    count_segments,
    find_bands,
)
from inference.explain.subject import Stretch, Subject
from inference.runtime.parts import PartsSession
from inference.runtime.session import NetworkSession

#: Features this near to an end of a stretch may rest on what lies beyond: the longest wavelet reaches 1.33 s.
_EDGE_S: Final = 1.5
#: Tones by which the features of a modality are told apart.
_N_TONES: Final = 48
#: One run uses one thread; several runs go side by side.
_THREADS: Final = 1


class Asked(ABC):
    """A network that is asked about one recording."""

    @abstractmethod
    def canvas(self, window: Stretch) -> Canvas:
        """Give a window beside the recording's background."""

    @abstractmethod
    def run(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Give the card's outputs for windows as the canvas makes them; from any thread."""


def open_asked(subject: Subject, provider: str) -> Asked:
    """Load the network of a subject's package."""
    if subject.package.has_parts:
        session = PartsSession(subject.package, provider, _THREADS)
        # Where the body looks at signals besides, features alone cannot be replaced.
        if not set(session.frame_samples) & set(subject.package.card.inputs.shapes):
            return AskedInParts(subject, session)
    return AskedWhole(subject, NetworkSession(subject.package, provider, _THREADS))


class AskedWhole(Asked):
    """The whole graph; its background is the one of the recording's stretches whose amplitudes are the most usual."""

    def __init__(self, subject: Subject, session: NetworkSession) -> None:
        self._subject, self._session = subject, session

    def canvas(self, window: Stretch) -> Canvas:
        """Give a window beside the recording's background."""
        spec = self._subject.spec
        return SignalCanvas(self._name_inputs(window), self._name_inputs(self._typical), spec.rate_hz)

    def run(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Give the card's outputs for windows as the canvas makes them; from any thread."""
        return self._session.run(inputs)

    def _name_inputs(self, stretch: Stretch) -> dict[str, NDArray[np.float32]]:
        signals = {"eeg": stretch.eeg, "emg": stretch.emg} if self._subject.spec.n_emg else {"eeg": stretch.eeg}
        return {**signals, **self._subject.presence}

    @cached_property
    def _typical(self) -> Stretch:
        n_samples = round(self._subject.spec.window_s * self._subject.spec.rate_hz)
        cuts = [
            Stretch(stretch.onset_s, stretch.eeg[:, :n_samples], stretch.emg[:, :n_samples])
            for stretch in self._subject.background
        ]
        loudness = np.log([np.concatenate([cut.eeg, cut.emg]).std(axis=1) + 1e-3 for cut in cuts])
        strangeness = np.abs(loudness - np.median(loudness, axis=0)).sum(axis=1)
        return cuts[int(strangeness.argmin())]


class AskedInParts(Asked):
    """Front end and body; the background is the median over time of each feature of each channel.

    Features must be (features, channels, frames) of EEG and of EMG.
    """

    def __init__(self, subject: Subject, session: PartsSession) -> None:
        self._subject, self._session = subject, session

    def canvas(self, window: Stretch) -> Canvas:
        """Give a window beside the recording's background."""
        features = self._features(window)
        background = {name: np.broadcast_to(values, features[name].shape) for name, values in self._typical.items()}
        presence = self._subject.presence
        return FeatureCanvas(
            {**features, **presence},
            {**background, **presence},
            self._names,
            self._bands,
            count_segments(self._subject.spec),
        )

    def run(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Give the card's outputs for windows as the canvas makes them; from any thread."""
        return self._session.run(inputs)

    def _features(self, stretch: Stretch) -> dict[str, NDArray[np.float32]]:
        n_samples = stretch.eeg.shape[-1] // self._session.step_samples * self._session.step_samples
        return self._session.features({"eeg": stretch.eeg[:, :n_samples], "emg": stretch.emg[:, :n_samples]})

    @cached_property
    def _typical(self) -> dict[str, NDArray[np.float32]]:
        settled: dict[str, list[NDArray[np.float32]]] = {}
        for stretch in self._subject.background:
            for name, values in self._features(stretch).items():
                edge = round(_EDGE_S * self._subject.spec.rate_hz / self._session.frame_samples[name])
                settled.setdefault(name, []).append(values[..., edge : values.shape[-1] - edge])
        return {
            name: np.median(np.concatenate(parts, axis=-1), axis=-1, keepdims=True) for name, parts in settled.items()
        }

    @cached_property
    def _names(self) -> dict[Modality, str]:
        """Which features are whose: those of a modality have its channels."""
        spec = self._subject.spec
        channels: dict[int, Modality] = {len(spec.eeg_electrodes): "eeg", spec.n_emg: "emg"}
        return {channels[values.shape[1]]: name for name, values in self._typical.items()}

    @cached_property
    def _bands(self) -> dict[Modality, NDArray[np.intp]]:
        """Which band each feature belongs to: that of the tone which it answers most to."""
        bands: dict[Modality, NDArray[np.intp]] = {}
        for modality, name in self._names.items():
            edges_hz = BAND_EDGES_HZ[modality]
            tones_hz = np.geomspace(edges_hz[0], edges_hz[-1], _N_TONES)
            answers = self._answers_to(tones_hz, modality, name)
            bands[modality] = find_bands(tones_hz[answers.argmax(axis=0)], edges_hz)
        return bands

    def _answers_to(self, tones_hz: NDArray[np.float64], modality: Modality, name: str) -> NDArray[np.float32]:
        """Give how strongly each feature answers to tones, (tones, features), as many at once as there are channels."""
        spec, n_samples = self._subject.spec, self._session.window_samples
        n_channels: dict[Modality, int] = {"eeg": len(spec.eeg_electrodes), "emg": spec.n_emg}
        answers = []
        for first in range(0, len(tones_hz), n_channels[modality]):
            some_hz = tones_hz[first : first + n_channels[modality], None]
            signals: dict[str, NDArray[np.float32]] = {
                each: np.zeros((n, n_samples), dtype=np.float32) for each, n in n_channels.items()
            }
            signals[modality][: len(some_hz)] = np.sin(2 * np.pi * some_hz * np.arange(n_samples) / spec.rate_hz)
            # What has a sign swings: its height counts, not its mean.
            height = np.quantile(self._session.features(signals)[name], 0.9, axis=-1)
            answers.append(height[:, : len(some_hz)].T)
        return np.concatenate(answers)
