import math

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from app.traces.marks import EventMark
from inference.recordings.recording import ChannelKind
from tests.app.traces.conftest import PLAIN

SPASM = EventMark("spasm", 3.0, 1.0, "Epileptic-spasm", "spasm 0.9", "detection")
PICKED = EventMark("picked", 6.0, 1.0, "Epileptic-spasm", "spasm", "annotation", None, True)


@pytest.fixture
def page(view, noise, qtbot):
    view.set_display(PLAIN)
    view.set_recording(noise)
    view.set_events([SPASM, PICKED])
    view.show()
    view.settle()
    return view


def at(view, time_s: float) -> QPoint:
    return QPoint(round(view.page.x_of(time_s)), 200)


def drag(qtbot, view, start_s: float, stop_s: float) -> None:
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=at(view, start_s))
    qtbot.mouseMove(view, at(view, (start_s + stop_s) / 2))
    qtbot.mouseMove(view, at(view, stop_s))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at(view, stop_s))


def turn_wheel(view, time_s: float, notches: int, keys=Qt.KeyboardModifier.NoModifier, y: int = 200) -> None:
    point = QPointF(view.page.x_of(time_s), y)
    turn = QPoint(0, 120 * notches)
    event = QWheelEvent(
        point, point, QPoint(), turn, Qt.MouseButton.NoButton, keys, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(view, event)


@pytest.mark.parametrize(("start_s", "stop_s"), [(1.0, 2.5), (2.5, 1.0)])
def test_dragging_over_the_empty_page_selects_that_stretch(page, qtbot, start_s, stop_s):
    with qtbot.waitSignal(page.span_selected) as selected:
        drag(qtbot, page, start_s, stop_s)
    assert selected.args == pytest.approx([1.0, 1.5], abs=0.02)


def test_a_click_picks_an_event_and_a_double_click_opens_it(page, qtbot):
    with qtbot.waitSignal(page.event_clicked) as clicked:
        qtbot.mouseClick(page, Qt.MouseButton.LeftButton, pos=at(page, 3.5))
    assert clicked.args == ["spasm"]
    with qtbot.waitSignal(page.event_activated) as activated:
        qtbot.mouseDClick(page, Qt.MouseButton.LeftButton, pos=at(page, 3.5))
    assert activated.args == ["spasm"]


@pytest.mark.parametrize(
    ("edge_s", "stop_s", "onset_s", "duration_s"), [(6.0, 5.5, 5.5, 1.5), (7.0, 8.0, 6.0, 2.0), (6.0, 9.0, 6.98, 0.02)]
)
def test_pulling_an_edge_of_the_picked_event_tells_its_new_span(page, qtbot, edge_s, stop_s, onset_s, duration_s):
    with qtbot.waitSignal(page.event_edge_moved) as moved:
        drag(qtbot, page, edge_s, stop_s)
    assert moved.args == ["picked", pytest.approx(onset_s, abs=0.02), pytest.approx(duration_s, abs=0.02)]


def test_an_event_that_is_not_picked_has_no_edges_to_pull(page, qtbot):
    with qtbot.assertNotEmitted(page.event_edge_moved):
        drag(qtbot, page, 3.0, 2.0)


def test_a_drag_that_is_given_up_changes_nothing(page, qtbot):
    with qtbot.assertNotEmitted(page.event_edge_moved), qtbot.assertNotEmitted(page.span_selected):
        qtbot.mousePress(page, Qt.MouseButton.LeftButton, pos=at(page, 7.0))
        qtbot.mouseMove(page, at(page, 8.0))
        page.cancel_drag()
        qtbot.mouseRelease(page, Qt.MouseButton.LeftButton, pos=at(page, 8.0))
    assert page.marks_on_page() == [SPASM, PICKED]


def test_the_wheel_moves_through_time_by_a_tenth_of_a_page(page):
    turn_wheel(page, 5.0, -3)
    assert page.position_s == pytest.approx(3.0)
    turn_wheel(page, 5.0, 1)
    assert page.position_s == pytest.approx(2.0)


def test_the_wheel_with_ctrl_changes_the_time_base_and_with_shift_the_sensitivity(page, qtbot):
    with qtbot.waitSignal(page.display_changed) as changed:
        turn_wheel(page, 5.0, 1, Qt.KeyboardModifier.ControlModifier)
    assert changed.args[0].page_s == 5.0
    turn_wheel(page, 5.0, 1, Qt.KeyboardModifier.ShiftModifier)
    assert page.display.eeg_uv_per_mm == 7.0


def test_shift_and_wheel_over_the_emg_changes_the_emg_alone(page, noise):
    noise.correct_kinds({"ch5": ChannelKind.EMG})
    page.set_recording(noise)
    page.settle()
    bottom = page.page.bottom - 20
    turn_wheel(page, 5.0, -1, Qt.KeyboardModifier.ShiftModifier, y=bottom)
    assert (page.display.eeg_uv_per_mm, page.display.emg_uv_per_mm) == (10.0, 15.0)


def test_the_cursor_tells_its_time_and_its_leaving(page, qtbot):
    with qtbot.waitSignal(page.cursor_moved) as moved:
        qtbot.mouseMove(page, at(page, 4.0))
    assert moved.args[0] == pytest.approx(4.0, abs=0.02)
    with qtbot.waitSignal(page.cursor_moved) as moved:
        qtbot.mouseMove(page, QPoint(5, 200))
    assert math.isnan(moved.args[0])
