"""How good DSMN-ESS is: calibration of both tasks, the choice of an event rule, and held-out children."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from inference.labels.detections import ModelReference
from inference.labels.scoring import Score, Span, score_spasms, score_szcore
from inference.models.dsmn_ess import CLASSES, SYNDROMES, DsmnEss, Task
from inference.runtime.calibration import (
    RELIABILITY,
    ReliabilityBin,
    describe_reliability,
    expected_calibration_error,
    reliability_bins,
)
from inference.runtime.cards import EventRule
from inference.runtime.detections import DetectionSource, form_detections
from inference.runtime.package import open_package
from inference.runtime.session import NetworkSession
from inference.simulate.syndromes import Syndrome, simulate_syndrome
from inference.training.dsmn_fitting import Prediction
from inference.training.dsmn_patients import PatientOrder, SimulatedPatient, read_windows, seizures_of
from inference.training.dsmn_windows import INPUTS, UNCLEAR, label_windows
from inference.training.evaluation import (
    Calibration,
    Track,
    choose_rule,
    describe_score,
    fit_calibration,
    pool,
)
from inference.training.metrics import WindowScores, make_predictions, score_windows

#: The term under which a seizure is reported: the network does not tell its type.
SEIZURE_LABEL: Final = "Epileptic-seizure"
#: Held-out children are recorded as the paper's were (section III-A), so that resampling is part of the test.
TEST_RATE_HZ: Final = 1000.0
_MOST_WINDOWS_AT_ONCE = 64
_UNNAMED = DetectionSource(ModelReference("", "", ""), "", ())


@dataclass(frozen=True, slots=True, eq=False)
class DsmnCalibration:
    """What makes logits into probabilities and these into events, and how well it does on the validation patients.

    Attributes
    ----------
    syndrome_temperature : of the first task.
    syndrome_reliability : of the likeliest syndrome of each window.
    seizure : offset and temperature of the second.
    rule : how probabilities of a seizure become events.
    validated : scores as a card stores them.
    """

    syndrome_temperature: float
    syndrome_reliability: tuple[ReliabilityBin, ...]
    seizure: Calibration
    rule: EventRule
    validated: Mapping[str, Any]

    @property
    def temperatures(self) -> Mapping[Task, float]:
        """Give the temperature of each task."""
        return {"syndrome": self.syndrome_temperature, "seizure": self.seizure.temperature}

    def apply(self, network: DsmnEss) -> None:
        """Move the offset into the network's last bias; the temperatures are applied at export."""
        with torch.no_grad():
            cast("torch.nn.Linear", network.body.classifier.decide["seizure"]).bias[1] += self.seizure.offset

    def describe(self) -> dict[str, Any]:
        """Give the calibration as a card stores it."""
        return {
            "method": "temperature of each task, and a prior for seizures",
            "syndrome_temperature": round(self.syndrome_temperature, 4),
            "seizure_temperature": round(self.seizure.temperature, 4),
            "seizure_prior_offset": round(self.seizure.offset, 4),
            "syndrome_expected_calibration_error": round(expected_calibration_error(self.syndrome_reliability), 5),
            "seizure_expected_calibration_error": round(self.seizure.expected_error, 5),
            "windows": self.seizure.n_windows,
            RELIABILITY: {
                "syndrome": describe_reliability(self.syndrome_reliability),
                "seizure": describe_reliability(self.seizure.reliability),
            },
        }


def calibrate(
    patients: Sequence[SimulatedPatient], said: Sequence[Prediction], max_false_per_hour: float
) -> DsmnCalibration:
    """Fit both tasks' calibration and choose the event rule on patients that training did not see.

    Parameters
    ----------
    patients : with all of their windows, in order.
    said : what the network says about the windows of each.
    max_false_per_hour : what the event rule may allow itself; spasms and other seizures count alike.
    """
    syndrome = np.concatenate([patient.windows.syndrome for patient in patients])
    logits = np.concatenate([one.logits["syndrome"] for one in said]).astype(np.float64)
    temperature = fit_temperature(logits, syndrome)
    probability = softmax(logits / temperature, axis=1)
    tracks = [_make_track(patient, one) for patient, one in zip(patients, said, strict=True)]
    seizure = fit_calibration(tracks)
    rule, score = choose_rule(tracks, seizure, SEIZURE_LABEL, INPUTS.hop_s, max_false_per_hour)
    of_seizure = np.concatenate([seizure.probability(track.log_odds) for track in tracks])
    labels = Labels(
        syndrome,
        np.concatenate([patient.windows.seizure for patient in patients]),
        np.concatenate([patient.windows.patient for patient in patients]),
    )
    scores = score_tasks(labels, probability, of_seizure)
    validated = {
        "syndrome": figures_of(scores["syndrome"]),
        "seizure": figures_of(scores["seizure"]),
        "events": describe_seizures(score),
    }
    right = probability.argmax(axis=1) == syndrome
    reliability = reliability_bins(probability.max(axis=1), right)
    return DsmnCalibration(temperature, reliability, seizure, rule, validated)


class Labels(NamedTuple):
    """What is true of windows: syndrome and seizure as `LabelledWindows` has them, and whose they are."""

    syndrome: NDArray[np.int64]
    seizure: NDArray[np.int64]
    patient: NDArray[np.int64]


def score_tasks(
    labels: Labels, of_syndrome: NDArray[np.floating] | None, of_seizure: NDArray[np.floating] | None
) -> dict[Task, WindowScores]:
    """Score the tasks that there are probabilities for; windows on the edge of a seizure count for the first alone.

    Parameters
    ----------
    of_syndrome : (windows, syndromes).
    of_seizure : (windows,).
    """
    scores: dict[Task, WindowScores] = {}
    if of_syndrome is not None:
        scores["syndrome"] = score_windows(
            make_predictions(labels.syndrome, of_syndrome, labels.patient, CLASSES["syndrome"])
        )
    if of_seizure is not None:
        clear = labels.seizure != UNCLEAR
        predictions = make_predictions(
            labels.seizure[clear], of_seizure[clear], labels.patient[clear], CLASSES["seizure"]
        )
        scores["seizure"] = score_windows(predictions)
    return scores


def figures_of(scores: WindowScores) -> dict[str, Any]:
    """Give the figures of windows as a card stores them."""
    return {
        "windows": int(scores.confusion.sum()),
        "patients": scores.n_patients,
        **{name: figure.describe() for name, figure in scores.figures.items()},
    }


class HeldOutChild(NamedTuple):
    """What a package says about one held-out child, and what is true.

    ``of_syndrome`` is (windows, syndromes), ``of_seizure`` (windows,); ``events`` and ``szcore`` score the seizures.
    """

    seed: int
    labels: Labels
    of_syndrome: NDArray[np.float32]
    of_seizure: NDArray[np.float32]
    events: Score
    szcore: Score


def run_held_out(folder: Path, order: PatientOrder) -> HeldOutChild:
    """Run a package on a held-out child as a user would: at the recorder's rate, with rarer seizures."""
    package = open_package(folder)
    session = NetworkSession(package, "cpu")
    case = simulate_syndrome(
        order.seed, 60.0 * order.minutes, TEST_RATE_HZ, syndrome=Syndrome(SYNDROMES[order.syndrome])
    )
    windows, onset_s, present = read_windows(case.recording)
    answers = [
        session.run({"eeg": part, "eeg_present": np.tile(present, (len(part), 1))})
        for part in np.array_split(windows, max(1, len(windows) // _MOST_WINDOWS_AT_ONCE))
    ]
    of_syndrome = np.concatenate([answer["syndrome_probability"] for answer in answers])
    of_seizure = np.concatenate([answer["seizure_probability"][:, 1] for answer in answers])
    seizures, duration_s = seizures_of(case.truth), case.recording.duration_s
    rule = cast("EventRule", package.card.events)
    events = form_detections(onset_s + INPUTS.window_s / 2, of_seizure, rule, _UNNAMED, duration_s)
    found = [Span(event.onset_s, event.end_s) for event in events]
    n_windows = len(onset_s)
    labels = Labels(
        np.full(n_windows, order.syndrome), label_windows(onset_s, seizures), np.full(n_windows, order.seed)
    )
    return HeldOutChild(
        order.seed,
        labels,
        of_syndrome,
        of_seizure,
        score_spasms(seizures, found, duration_s),
        score_szcore(seizures, found, duration_s),
    )


def describe_held_out(children: Sequence[HeldOutChild]) -> dict[str, Any]:
    """Give the scores of all held-out children, together and one by one, as a card stores them."""
    labels = Labels(*(np.concatenate(parts) for parts in zip(*(child.labels for child in children), strict=True)))
    of_syndrome = np.concatenate([child.of_syndrome for child in children])
    scores = score_tasks(labels, of_syndrome, np.concatenate([child.of_seizure for child in children]))
    named = [vote_syndrome(child.of_syndrome) for child in children]
    true = [int(child.labels.syndrome[0]) for child in children]
    return {
        "source": f"simulated children that training never saw, at {TEST_RATE_HZ:g} Hz, through ONNX Runtime",
        "rule": "events: one detection finds one seizure that it overlaps or comes within 1 s of, nothing is merged; "
        "szcore: events less than 90 s apart are merged",
        "patients": len(children),
        "syndrome_of_patients_right": sum(a == b for a, b in zip(named, true, strict=True)),
        **{f"{task}_windows": figures_of(score) for task, score in scores.items()},
        "events": describe_seizures(pool([child.events for child in children])),
        "szcore": describe_seizures(pool([child.szcore for child in children])),
        "per_patient": [
            {
                "seed": child.seed,
                "syndrome": SYNDROMES[truth],
                "said": SYNDROMES[guess],
                "events": describe_seizures(child.events),
            }
            for child, truth, guess in zip(children, true, named, strict=True)
        ],
    }


def describe_seizures(score: Score) -> dict[str, Any]:
    """Give a score of seizures as a card stores it."""
    return {"seizures" if name == "spasms" else name: value for name, value in describe_score(score).items()}


def vote_syndrome(of_syndrome: NDArray[np.floating]) -> int:
    """Give the syndrome of a patient: the likeliest if the windows' opinions were independent."""
    return int(np.log(np.clip(of_syndrome, 1e-6, 1.0)).mean(axis=0).argmax())


def _make_track(patient: SimulatedPatient, said: Prediction) -> Track:
    logits = said.logits["seizure"]
    centre_s: NDArray[np.float64] = np.arange(len(logits), dtype=np.float64) * INPUTS.hop_s + INPUTS.window_s / 2
    return Track(
        centre_s,
        (logits[:, 1] - logits[:, 0]).astype(np.float64),
        patient.windows.seizure.astype(np.int8),
        patient.seizures,
        patient.duration_s,
    )


def fit_seizure_calibration(logits: NDArray[np.float32], label: NDArray[np.int64]) -> Calibration:
    """Fit offset and temperature of the second task to windows of any patients, (windows, 2); -1 is nobody's label."""
    log_odds = (logits[:, 1] - logits[:, 0]).astype(np.float64)
    return fit_calibration([Track(np.zeros(len(label)), log_odds, label.astype(np.int8), (), 0.0)])


def fit_temperature(logits: NDArray[np.floating], label: NDArray[np.int64]) -> float:
    """Find the temperature that makes what is true likeliest."""

    def negative_log_likelihood(log_temperature: float) -> float:
        scaled = log_softmax(logits * np.exp(-log_temperature), axis=1)
        return -float(scaled[np.arange(len(label)), label].mean())

    return float(np.exp(minimize_scalar(negative_log_likelihood, bounds=(-3.0, 3.0), method="bounded").x))
