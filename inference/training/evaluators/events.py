"""Recordings with seizures or spasms: windows all along them, and the events that a package makes of these."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError, LabelError
from inference.labels.scoring import Score, Span, score_clusters, score_spasms, score_szcore
from inference.recordings import open_recording
from inference.recordings.fingerprint import fingerprint
from inference.recordings.recording import Recording
from inference.runtime.results import ModelResult
from inference.training.corpora.recordings import SeizureCorpus
from inference.training.evaluators.material import Case, CaseScore, Material
from inference.training.metrics import make_predictions

#: An end that lies so far behind the recording's is a rounded one.
_ROUNDING_S = 1.0


class EventMaterial(Material):
    """The recordings of a corpus, asked at every time of the network's grid whether there is an event.

    Parameters
    ----------
    corpus : recordings with their seizures.
    spasms : whether epileptic spasms are looked for rather than seizures of any kind.

    Attributes
    ----------
    truth : the events of each recording.

    Raises
    ------
    LabelError
        Spasms are looked for and no event of the corpus is called one.
    """

    def __init__(self, corpus: SeizureCorpus, *, spasms: bool) -> None:
        self.corpus, self.problems = corpus.corpus, corpus.problems
        self._recordings, self._is_spasm = corpus.recordings, spasms
        self.truth = [(one.spasms or ()) if spasms else one.seizures for one in corpus.recordings]
        word = "spasm" if spasms else "seizure"
        if not any(self.truth):
            raise LabelError(f"{corpus.corpus}: no event of its {len(self.truth)} recordings is called a {word}.")
        self.cases = tuple(
            Case(one.path.name, one.patient, int(bool(truth)))
            for one, truth in zip(corpus.recordings, self.truth, strict=True)
        )
        self.owner = "patient"
        self.asked = f"is there a {word} at this time, every hop of the network"
        self.classes = (f"no {word}", word)

    def open(self, index: int) -> Recording:
        """Open the recording."""
        return open_recording(self._recordings[index].path)

    def identify(self, index: int) -> str:
        """Tell the recording by its content, and its events."""
        return f"{super().identify(index)} {fingerprint(self._recordings[index].path)} {self.truth[index]}"

    def judge(self, index: int, recording: Recording, result: ModelResult) -> CaseScore:
        """Judge each time at the probability 0.5, and the package's own events."""
        if result.events is None:
            raise AnalysisError(
                f"{result.reference.name} finds no events, so there is nothing to hold seizures against."
            )
        truth = self.truth[index]
        self.require_within(index, recording)
        known = np.isfinite(result.probability)
        time_s = result.time_s[known]
        predictions = make_predictions(
            label_times(time_s, truth, result.events.span_s),
            result.probability[known],
            np.full(len(time_s), self._recordings[index].patient),
            self.classes,
        )
        found = [Span(event.onset_s, event.end_s) for event in result.detections]
        return CaseScore(predictions, self.count(truth, found, recording.duration_s), result.problems)

    def require_within(self, index: int, recording: Recording) -> None:
        """Refuse events that lie beyond the end of their recording.

        Raises
        ------
        LabelError
            One does.
        """
        for span in self.truth[index]:
            if span.end_s > recording.duration_s + _ROUNDING_S:
                raise LabelError(
                    f"An event of {recording.path} would end at {span.end_s:g} s; it lasts {recording.duration_s:g} s."
                )

    def count(self, truth: Sequence[Span], found: Sequence[Span], duration_s: float) -> dict[str, Score]:
        """Count events in every way that there is for them."""
        szcore = score_szcore(truth, found, duration_s)
        if not self._is_spasm:
            return {"each seizure": score_spasms(truth, found, duration_s), "SzCORE": szcore}
        return {
            "each spasm": score_spasms(truth, found, duration_s),
            "clusters": score_clusters(truth, found, duration_s),
            "SzCORE": szcore,
        }


def label_times(time_s: NDArray[np.float64], events: Sequence[Span], span_s: float) -> NDArray[np.int64]:
    """Say for each time whether an event is there: one that fills half of the span around it, or has half of itself in.

    Parameters
    ----------
    time_s : (n,) the times, in the middle of the spans that they speak for.
    span_s : the length of these.
    """
    labels = np.zeros(len(time_s), dtype=np.int64)
    for event in events:
        low = np.maximum(time_s - span_s / 2, event.onset_s)
        high = np.minimum(time_s + span_s / 2, event.end_s)
        needed_s = min(span_s, event.end_s - event.onset_s) / 2
        # Events are written to the millisecond.
        labels[(high - low >= needed_s - 1e-6) & (high >= low)] = 1
    return labels
