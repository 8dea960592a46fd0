"""What is wrong with a channel is marked beside its label and under its seconds, and said in words."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from app.traces.faults import TraceFaults
from inference.recordings.recording import ChannelKind
from inference.signals.montages import Derivation
from inference.signals.quality import Fault
from tests.app.traces.conftest import PLAIN, make_recording, picture


@pytest.fixture
def page(view):
    """Show three channels of a minute; the second is flat from 3 s to 5 s and has muscle at 7 s."""
    rng = np.random.default_rng(0)
    view.set_display(PLAIN)
    view.set_recording(make_recording([rng.normal(scale=20, size=256 * 60) for _ in range(3)]))
    faults = np.zeros((3, 60), dtype=np.uint8)
    faults[1, 3:5] = Fault.FLAT
    faults[1, 7] = Fault.MUSCLE | Fault.LINE
    return view, TraceFaults({0: 0, 1: 1, 2: 2}, faults)


def test_marks_stand_under_the_seconds_of_the_trace_and_beside_its_label_only(page):
    view, faults = page
    clean = picture(view).astype(int)
    view.set_faults(faults)
    changed = np.abs(picture(view) - clean).any(axis=2)
    row = view._rows[1]
    middle = view.page.top + row.centre_px
    ys, xs = np.nonzero(changed)
    assert middle - 10 <= ys.min() and ys.max() <= middle + row.height_px / 2 + 2
    under = changed[int(middle + row.height_px / 2) - 2 : int(middle + row.height_px / 2) + 3]
    marked_s = view.page.time_of(np.flatnonzero(under[:, view.page.left :].any(axis=0)) + view.page.left)
    assert marked_s.min() == pytest.approx(3.0, abs=0.05)
    assert not ((marked_s > 5.1) & (marked_s < 6.9)).any()
    assert (xs < 14).any()
    view.set_faults_shown(False)
    assert not np.abs(picture(view) - clean).any()


def test_pointing_at_a_label_says_what_is_wrong_and_when(page):
    view, faults = page
    view.set_faults(faults)
    name = view._recording.channels[1].name
    beside = QPointF(20, view.page.top + view._rows[1].centre_px)
    assert view.fault_text(beside).splitlines() == [
        f"{name}: flat, 0:00:03 to 0:00:05",
        f"{name}: mains hum, 0:00:07 to 0:00:08",
        f"{name}: muscle, 0:00:07 to 0:00:08",
    ]
    assert view.fault_text(QPointF(20, view.page.top + view._rows[0].centre_px)) == ""
    assert view.fault_text(QPointF(view.page.left + 5, beside.y())) == ""
    view.go_to(20.0)
    assert view.fault_text(beside) == ""


def test_an_average_is_not_blamed_for_all_that_it_is_made_of():
    faults = TraceFaults({0: 0, 1: 1}, np.array([[0, 0], [1, 1]], dtype=np.uint8))
    average = Derivation("a", ChannelKind.EEG, ((0, 0.8), (1, -0.2), (2, -0.2)), 256.0)
    pair = Derivation("p", ChannelKind.EEG, ((0, 1.0), (1, -1.0)), 256.0)
    assert not faults.of_trace(average, 0.0, 2.0)[1].any()
    assert faults.of_trace(pair, 0.0, 2.0)[1].tolist() == [1, 1]
    other = Derivation("o", ChannelKind.OTHER, ((2, 1.0),), 1.0)
    assert not faults.of_trace(other, 0.0, 2.0)[1].any()
