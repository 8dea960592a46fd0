"""What every network that looks for events needs to be trained in folds."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inference.errors import TrainingError
from inference.labels.detections import ModelReference
from inference.labels.scoring import Span
from inference.runtime.cards import EventRule
from inference.runtime.detections import DetectionSource, form_detections
from inference.training.evaluators.events import EventMaterial, label_times
from inference.training.evaluators.material import CaseScore
from inference.training.metrics import make_predictions
from inference.training.protocols import hold_out

if TYPE_CHECKING:
    from inference.training.evaluation import Track

#: The share of a fold's patients that calibration and event rule are chosen on.
CALIBRATION_SHARE = 0.2
_UNNAMED = DetectionSource(ModelReference("", "", ""), "", ())


class TrainableEvents(EventMaterial):
    """Recordings with events, divided within a fold, and judged by the tracks of a network that was trained there."""

    def divide(self, chosen: NDArray[np.int64], seed: int) -> tuple[list[int], list[int]]:
        """Give the recordings to learn from and those to calibrate on; both have events and no patient in common.

        Raises
        ------
        TrainingError
            There are too few patients for that.
        """
        cases = [self.cases[index] for index in chosen]
        if len({case.patient for case in cases}) < 2:
            raise TrainingError(
                f"Training in folds on {self.corpus} needs three patients: to learn from, to calibrate on, to test."
            )
        fold = hold_out([case.patient for case in cases], [case.label for case in cases], CALIBRATION_SHARE, seed)
        learning, calibrating = ([int(index) for index in chosen[side]] for side in (fold.training, fold.test))
        for side in (learning, calibrating):
            if not any(self.truth[index] for index in side):
                raise TrainingError(
                    f"Too few patients of {self.corpus} have a {self.classes[1]} to divide them so: use fewer folds."
                )
        return learning, calibrating

    def judge_track(self, index: int, track: "Track", probability: NDArray[np.float32], rule: EventRule) -> CaseScore:
        """Judge each time of a track at the probability 0.5, and the events that a rule makes of it."""
        truth, patient = self.truth[index], self.cases[index].patient
        predictions = make_predictions(
            label_times(track.time_s, truth, rule.span_s), probability, np.full(len(probability), patient), self.classes
        )
        events = form_detections(track.time_s, probability, rule, _UNNAMED, track.duration_s)
        found = [Span(event.onset_s, event.end_s) for event in events]
        return CaseScore(predictions, self.count(truth, found, track.duration_s))
