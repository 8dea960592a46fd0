"""Explanations that need gradients and therefore torch: MambaLRP, integrated gradients and Grad-CAM."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.explain.grad_cam import overview
from inference.explain.integrated_gradients import integrate
from inference.explain.judge import Features, Judge
from inference.explain.mamba_lrp import propagate
from inference.explain.relevance import GRAD_CAM, INTEGRATED_GRADIENTS, MAMBA_LRP, Relevance
from inference.explain.subject import Subject
from inference.models.blocks.morlet import MorletConfig
from inference.recordings.recording import Recording
from inference.runtime.package import ModelPackage
from inference.runtime.reading import carry_on


def explain(
    recording: Recording,
    package: ModelPackage,
    centre_s: float,
    method: str = MAMBA_LRP,
    checkpoint: Callable[[], None] = carry_on,
) -> Relevance:
    """Open a recording and explain one moment; `GradientExplainer` explains many without opening it again.

    Raises
    ------
    AnalysisError
        The network has no such explanation, or there is no whole window around this moment.
    ModelPackageError, RecordingError
        The package or the recording cannot be read.
    """
    return GradientExplainer(Subject(recording, package, checkpoint)).explain(centre_s, method)


class GradientExplainer:
    """Explains moments of one recording by gradients.

    Parameters
    ----------
    subject : the recording as the network sees it; its checkpoint is called between pieces of work.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject, self.judge = subject, Judge(subject)

    @cached_property
    def reference(self) -> Features:
        """The recording's typical window, which windows are compared with."""
        return self.judge.background()

    def explain(self, centre_s: float, method: str = MAMBA_LRP) -> Relevance:
        """Explain the window that speaks for ``centre_s`` by one of `METHODS`.

        Raises
        ------
        AnalysisError
            There is no whole window around this moment.
        RecordingError
            The recording can no longer be read.
        """
        window = self._subject.window(centre_s)
        with _one_thread():
            features = self.judge.look_at(window)
            self._subject.checkpoint()
            found = METHODS[method](self.judge, features, lambda: self.reference)
        return self._tell(method, window.onset_s, found)

    def _tell(self, method: str, onset_s: float, found: "_Found") -> Relevance:
        subject, config = self._subject, self.judge.network.config
        eeg, emg = (
            np.ascontiguousarray(features.squeeze(0).numpy().transpose(1, 0, 2)[rows])
            for features, rows in ((found.eeg, subject.eeg_rows), (found.emg, subject.emg_rows))
        )
        # Tokens that are fewer than frames stand every so many frames.
        n_frames = eeg.shape[-1]
        step = config.window_frames // n_frames
        frame_s = config.frame_samples / config.rate_hz
        by_channel = np.concatenate([eeg.sum(axis=1), emg.sum(axis=1)])
        eeg_hz, eeg = order_by_frequency(eeg, config.eeg_wavelets)
        emg_hz, emg = order_by_frequency(emg, config.emg_wavelets)
        return Relevance(
            model=subject.package.reference,
            method=method,
            target=f"log odds of {subject.package.card.answer.event_class}",
            onset_s=onset_s,
            duration_s=subject.spec.window_s,
            channels=subject.channels,
            time_s=onset_s + (step * np.arange(n_frames, dtype=np.float64) + 0.5) * frame_s,
            by_channel=by_channel,
            eeg_hz=eeg_hz,
            eeg=eeg,
            emg_hz=emg_hz,
            emg=emg,
            score=found.score,
            gap=found.gap,
            problems=(*subject.problems, *found.problems),
        )


def order_by_frequency(
    relevance: NDArray[np.float32], bank: MorletConfig
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Give frequencies and what belongs to them, ascending, from relevance (channels, features, frames).

    Features behind those of the wavelets show the signal below them with its sign: they come first, each one step of
    the bank's lower. A single feature has no frequency, and nothing is left of it.
    """
    if relevance.shape[1] == 1:
        return np.zeros(0), relevance[:, :0]
    n_slow = relevance.shape[1] - bank.n_frequencies
    hz = np.array(bank.frequencies_hz)
    slow_hz = hz[0] * (hz[0] / hz[1]) ** np.arange(n_slow, 0, -1)
    return np.concatenate([slow_hz, hz]), np.roll(relevance, n_slow, axis=1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread: beside an analysis, threads that wait for each other take many times as long."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


class _Found(NamedTuple):
    """What a method found: (1, features, electrodes, frames) of each modality; one feature is no frequency axis."""

    eeg: Tensor
    emg: Tensor
    score: float
    gap: float
    problems: tuple[str, ...] = ()


def _by_mamba_lrp(judge: Judge, window: Features, reference: Callable[[], Features]) -> _Found:
    found = propagate(judge, window, reference())
    told = (
        f"Of {found.score:+.1f} log odds, {found.of_reference:+.1f} belong to the recording's background "
        f"and {found.of_biases:+.1f} to the network's biases; the map adds up to the rest."
    )
    return _Found(found.relevance.eeg, found.relevance.emg, found.score, found.gap, (told,))


def _by_integrated_gradients(judge: Judge, window: Features, reference: Callable[[], Features]) -> _Found:
    found = integrate(judge, window, reference())
    told = (
        f"The map leads from the recording's background, {found.reference_score:+.1f} log odds, to {found.score:+.1f}; "
        f"it misses {100 * found.gap:.1f} % of the way."
    )
    return _Found(found.relevance.eeg, found.relevance.emg, found.score, found.gap, (told,))


def _by_grad_cam(judge: Judge, window: Features, _: Callable[[], Features]) -> _Found:
    features, score = overview(judge, window)
    told = "Grad-CAM shows where, not how much: its values add up to nothing, and it knows no negative."
    return _Found(features.eeg, features.emg, score, float("nan"), (told,))


METHODS: Final[Mapping[str, Callable[[Judge, Features, Callable[[], Features]], _Found]]] = {
    MAMBA_LRP: _by_mamba_lrp,
    INTEGRATED_GRADIENTS: _by_integrated_gradients,
    GRAD_CAM: _by_grad_cam,
}
