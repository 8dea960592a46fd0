"""Occlusion: what a network no longer says once a part of the window is the recording's own background.

Needs ONNX Runtime alone, and answers at once. Source: Zeiler and Fergus 2014, arXiv 1311.2901, section 4.2. Channels
that show the same stand in for each other, and none would be missed; so each part is also put into the background
alone.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.explain.asked import open_asked
from inference.explain.canvas import (
    BAND_EDGES_HZ,
    MODALITIES,
    Canvas,
    Modality,
    Part,
    band_centres_hz,
    count_segments,
)
from inference.explain.relevance import OCCLUSION, Relevance
from inference.explain.subject import Subject
from inference.recordings.recording import Recording
from inference.runtime.package import ModelPackage
from inference.runtime.reading import carry_on

#: A reader waits for this, so that it may have both of two cores for the moment.
_N_THREADS: Final = 2
_WINDOWS_AT_ONCE: Final = 4
_HOW_TO_READ: Final = (
    "Channels, half seconds and bands were each replaced by background on their own: "
    "a cell is its channel's effect in the shares of its moment and its band."
)
#: Probabilities are not trusted beyond this, as log odds.
_LEAST_PROBABILITY: Final = 1e-12


def occlude(
    recording: Recording,
    package: ModelPackage,
    centre_s: float,
    provider: str = "auto",
    checkpoint: Callable[[], None] = carry_on,
) -> Relevance:
    """Open a recording and explain one moment; an `Occluder` explains many without opening it again.

    Raises
    ------
    AnalysisError
        The network cannot be explained so, or there is no whole window around this moment.
    ModelPackageError, RecordingError
        The package or the recording cannot be read.
    """
    return Occluder(Subject(recording, package, checkpoint), provider).explain(centre_s)


class Occluder:
    """Explains moments of one recording by occlusion.

    The effect of a channel, of a band or of half a second of either modality is the mean of what the log odds lose
    without it and of what the background's log odds gain from it. A cell of the map is the effect of its channel,
    shared out over time and bands as these have effects: cells are not asked about one by one, which would take
    thousands of windows.

    Parameters
    ----------
    subject : the recording as the network sees it; its checkpoint is called between pieces of work.
    provider : as `inference.runtime.session.Graph` takes it.
    """

    def __init__(self, subject: Subject, provider: str = "auto") -> None:
        self._subject = subject
        self._asked = open_asked(subject, provider)

    def explain(self, centre_s: float) -> Relevance:
        """Explain the window that speaks for ``centre_s``.

        Raises
        ------
        AnalysisError
            There is no whole window around this moment.
        RecordingError
            The recording can no longer be read.
        """
        subject = self._subject
        window = subject.window(centre_s)
        rows = {"eeg": subject.eeg_rows, "emg": subject.emg_rows}
        n_segments = count_segments(subject.spec)
        parts = [part for modality in MODALITIES for part in _list_parts(modality, rows[modality], n_segments)]
        score, effects = self._measure(self._asked.canvas(window), parts)
        eeg, emg = (_share_out(effects, modality, rows[modality], n_segments) for modality in MODALITIES)
        segment_s = np.float64(subject.spec.window_s / n_segments)
        return Relevance(
            model=subject.package.reference,
            method=OCCLUSION,
            target=f"log odds of {subject.package.card.answer.event_class}",
            onset_s=window.onset_s,
            duration_s=subject.spec.window_s,
            channels=subject.channels,
            time_s=window.onset_s + (np.arange(n_segments) + 0.5) * segment_s,
            by_channel=np.concatenate([eeg.sum(axis=1), emg.sum(axis=1)]),
            eeg_hz=band_centres_hz("eeg"),
            eeg=eeg,
            emg_hz=band_centres_hz("emg"),
            emg=emg,
            score=score,
            gap=float("nan"),
            problems=(*subject.problems, _HOW_TO_READ),
        )

    def _measure(self, canvas: Canvas, parts: Sequence[Part]) -> tuple[float, dict[Part, float]]:
        """Give the log odds of the window as it is, and the effect of each part."""
        asked = [*parts, *(replace(part, alone=True) for part in parts)]
        batches = [asked[first : first + _WINDOWS_AT_ONCE] for first in range(0, len(asked), _WINDOWS_AT_ONCE)]

        def ask(batch: Sequence[Part]) -> NDArray[np.float64]:
            self._subject.checkpoint()
            return self._log_odds(canvas.stack(batch))

        ends = {name: np.stack([canvas.window[name], canvas.background[name]]) for name in canvas.window}
        whole, nothing = self._log_odds(ends)
        with ThreadPoolExecutor(_N_THREADS) as pool:
            without, alone = np.split(np.concatenate(list(pool.map(ask, batches))), 2)
        return float(whole), dict(zip(parts, (whole - without + alone - nothing) / 2, strict=True))

    def _log_odds(self, inputs: dict[str, NDArray[np.float32]]) -> NDArray[np.float64]:
        answer = self._subject.package.card.answer
        probability = self._asked.run(inputs)[answer.name].astype(np.float64)
        event = probability[:, answer.classes.index(answer.event_class)]
        other = probability.sum(axis=1) - event
        return np.asarray(np.log(np.maximum(event, _LEAST_PROBABILITY) / np.maximum(other, _LEAST_PROBABILITY)))


def _list_parts(modality: Modality, rows: NDArray[np.intp], n_segments: int) -> list[Part]:
    if not len(rows):
        return []
    return [
        *(Part(modality, row=int(row)) for row in rows),
        *(Part(modality, band=band) for band in range(len(BAND_EDGES_HZ[modality]) - 1)),
        *(Part(modality, segment=segment) for segment in range(n_segments)),
    ]


def _share_out(
    effects: dict[Part, float], modality: Modality, rows: NDArray[np.intp], n_segments: int
) -> NDArray[np.float32]:
    """Give a modality's map, (channels, bands, segments): each channel's effect in shares of bands and of segments."""
    n_bands = len(BAND_EDGES_HZ[modality]) - 1
    if not len(rows):
        return np.zeros((0, n_bands, n_segments), dtype=np.float32)
    channels = np.array([effects[Part(modality, row=int(row))] for row in rows])
    bands = _shares([effects[Part(modality, band=band)] for band in range(n_bands)])
    segments = _shares([effects[Part(modality, segment=segment)] for segment in range(n_segments)])
    return np.asarray(np.einsum("c,b,t->cbt", channels, bands, segments), dtype=np.float32)


def _shares(effects: Sequence[float]) -> NDArray[np.float64]:
    """Give shares that add up to 1, in proportion to what speaks for the event; equal ones where nothing does."""
    support = np.maximum(np.array(effects), 0.0)
    total = support.sum()
    return support / total if total > 0 else np.full(len(support), 1 / len(support))
