"""How good a network is: probability tracks, calibration, the choice of an event rule, and scores of whole packages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from inference.labels.detections import ModelReference
from inference.labels.scoring import Score, Span, score_spasms
from inference.models.iess_fusionnet import IessFusionNet
from inference.recordings.recording import Recording
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.calibration import ReliabilityBin, expected_calibration_error, reliability_bins
from inference.runtime.cards import EventRule
from inference.runtime.detections import DetectionSource, form_detections
from inference.runtime.package import ModelPackage
from inference.simulate.truth import Role, TruthEvent
from inference.training.features import PatientFeatures
from inference.training.windows import label_frames

_UNNAMED = DetectionSource(ModelReference("", "", ""), "", ())


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """What a network says about one patient: log odds of a spasm every hop, and what is true there.

    ``label`` is 1, 0, or -1 where nobody could tell.
    """

    time_s: NDArray[np.float64]
    log_odds: NDArray[np.float64]
    label: NDArray[np.int8]
    spasms: tuple[Span, ...]
    duration_s: float


def run_over(network: IessFusionNet, features: PatientFeatures, hop_s: float, batch_size: int = 32) -> Track:
    """Run a network's body over every window of stored log power."""
    half = network.config.window_frames // 2
    centres = np.arange(half, features.n_frames - half, round(hop_s / features.frame_s))
    log_odds = []
    for start in range(0, len(centres), batch_size):
        chosen = centres[start : start + batch_size]
        powers = (
            torch.from_numpy(np.stack([power[..., c - half : c + half] for c in chosen]).astype(np.float32))
            for power in (features.eeg, features.emg)
        )
        present = (
            torch.from_numpy(np.tile(flags, (len(chosen), 1))) for flags in (features.eeg_present, features.emg_present)
        )
        with torch.no_grad():
            logits = network.body(*powers, *present)
        log_odds.append((logits[:, 1] - logits[:, 0]).double().numpy())
    return Track(
        np.asarray(centres * features.frame_s, dtype=np.float64),
        np.concatenate(log_odds),
        label_frames(features)[centres],
        spans_of(features.truth),
        features.duration_s,
    )


def spans_of(truth: Sequence[TruthEvent]) -> tuple[Span, ...]:
    """Give the true spasms as spans to score against."""
    return tuple(Span(event.onset_s, event.end_s) for event in truth if event.role is Role.SPASM)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Probability is the logistic function of ``(log odds + offset) / temperature``.

    The offset undoes the balance of classes in training; it becomes part of the network's last bias. ``expected_error``
    and ``reliability`` are those of the windows that it was fitted on.
    """

    offset: float
    temperature: float
    expected_error: float
    n_windows: int
    reliability: tuple[ReliabilityBin, ...] = ()

    def probability(self, log_odds: NDArray[np.float64]) -> NDArray[np.float32]:
        """Give calibrated probabilities."""
        return expit((log_odds + self.offset) / self.temperature).astype(np.float32)


def fit_calibration(tracks: Sequence[Track]) -> Calibration:
    """Fit offset and temperature to the windows of patients that training did not see, by maximum likelihood."""
    log_odds = np.concatenate([track.log_odds[track.label >= 0] for track in tracks])
    is_spasm = np.concatenate([track.label[track.label >= 0] for track in tracks]) == 1

    def negative_log_likelihood(values: NDArray[np.float64]) -> float:
        margin = (log_odds + values[0]) * np.exp(-values[1])
        return float(np.logaddexp(0.0, np.where(is_spasm, -margin, margin)).mean())

    best = minimize(negative_log_likelihood, x0=np.zeros(2), method="Nelder-Mead")
    fitted = Calibration(float(best.x[0]), float(np.exp(best.x[1])), 0.0, len(log_odds))
    bins = reliability_bins(fitted.probability(log_odds), is_spasm)
    return replace(fitted, expected_error=expected_calibration_error(bins), reliability=bins)


def apply_calibration(network: IessFusionNet, calibration: Calibration) -> None:
    """Move the offset into the network's last bias; the temperature is applied at export."""
    with torch.no_grad():
        network.body.classifier.decide.bias[1] += calibration.offset


def choose_rule(
    tracks: Sequence[Track], calibration: Calibration, label: str, span_s: float, max_false_per_hour: float
) -> tuple[EventRule, Score]:
    """Choose the rule that finds most spasms on validation patients without more false events than allowed.

    Where no rule keeps to the limit, the one with the fewest false events is taken.
    """
    probabilities = [calibration.probability(track.log_odds) for track in tracks]
    scored = []
    for rule in _candidate_rules(label, span_s):
        score = pool([score_track(track, p, rule) for track, p in zip(tracks, probabilities, strict=True)])
        false_per_hour, sensitivity = score.false_per_hour or 0.0, score.sensitivity or 0.0
        keeps_limit = false_per_hour <= max_false_per_hour
        # Among rules that find equally many spasms, the one with the fewest false events.
        merit = (keeps_limit, sensitivity if keeps_limit else 0.0, -false_per_hour)
        scored.append((merit, rule, score))
    _, rule, score = max(scored, key=lambda item: item[0])
    return rule, score


def _candidate_rules(label: str, span_s: float) -> Iterator[EventRule]:
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99):
        for low_share in (0.4, 0.7, 1.0):
            for min_duration_s in (0.0, 2 * span_s):
                for merge_gap_s in (0.0, 1.5 * span_s):
                    yield EventRule(
                        label, threshold, round(threshold * low_share, 3), min_duration_s, merge_gap_s, span_s
                    )


def score_track(track: Track, probability: NDArray[np.float32], rule: EventRule) -> Score:
    """Score the events that a rule makes of one track, per spasm and one to one."""
    events = form_detections(track.time_s, probability, rule, _UNNAMED, track.duration_s)
    return score_spasms(track.spasms, [Span(event.onset_s, event.end_s) for event in events], track.duration_s)


def pool(scores: Sequence[Score]) -> Score:
    """Add up the scores of several recordings."""
    return Score(
        n_reference=sum(score.n_reference for score in scores),
        n_found=sum(score.n_found for score in scores),
        n_hypothesis=sum(score.n_hypothesis for score in scores),
        n_right=sum(score.n_right for score in scores),
        duration_s=sum(score.duration_s or 0.0 for score in scores),
    )


def score_package(package: ModelPackage, recording: Recording, truth: Sequence[TruthEvent]) -> Score:
    """Analyse a recording as a user would, and score what was found."""
    request = AnalysisRequest(recording, (package,), provider="cpu")
    for update in analyze(request, lambda: False):
        if update.result is not None:
            events = [Span(event.onset_s, event.end_s) for event in update.result.detections]
    return score_spasms(spans_of(truth), events, recording.duration_s)


def describe_score(score: Score) -> dict[str, Any]:
    """Give a score as a card stores it."""
    return {
        "hours": round((score.duration_s or 0.0) / 3600, 3),
        "spasms": score.n_reference,
        "found": score.n_found,
        "false": score.n_false,
        "sensitivity": None if score.sensitivity is None else round(score.sensitivity, 4),
        "false_per_hour": None if score.false_per_hour is None else round(score.false_per_hour, 2),
    }
