import threading

import numpy as np
import pytest

from app.study.study import Study
from inference.runtime.cards import EventRule
from tests.inference.labels.builders import MODEL, make_detection

FINGERPRINT = "fedcba9876543210" * 4
RULE = EventRule("Epileptic-spasm", 0.6, 0.4, 0.3, 0.5, 0.5)


class Result:
    """A network's result as the runtime gives it, with three detections."""

    reference = MODEL
    events = RULE
    gist = "3 events"
    answers, measures, problems = (), (), ()
    channels_used = ("C3", "C4")

    def __init__(self, n_detections=3):
        self.detections = tuple(make_detection(n, 10.0 * n) for n in range(1, n_detections + 1))
        self.time_s = np.arange(0.0, 60.0, 0.5)
        self.probability = np.linspace(0.0, 1.0, 120, dtype=np.float32)
        self.probability[5] = np.nan


@pytest.fixture
def open_study(tmp_path, qapp):
    """Open the same recording's study, as often as wanted; whatever is still open is closed at the end."""
    opened = []

    def open_it(fingerprint=FINGERPRINT, folder=None, **values):
        study = Study.open(tmp_path / "night.edf", fingerprint, folder or tmp_path / "study", "reader", **values)
        opened.append(study)
        return study

    yield open_it
    for study in opened:
        study.close()
    assert [thread.name for thread in threading.enumerate() if thread.name == "study-writer"] == []
