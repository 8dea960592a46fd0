"""Recordings are judged behind the window's back, from the page that is looked at onwards."""

import numpy as np
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.quality_viewing import QualityThread
from app.window import MainWindow
from inference.recordings.array import ArrayRecording
from inference.signals.quality import Fault
from tests.inference.runtime.patients import make_patient


class Notes(QObject):
    """Keeps what a thread tells, in the order in which it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.chunks: list[tuple[int, np.ndarray]] = []

    def take(self, first: int, faults: np.ndarray) -> None:
        self.chunks.append((first, faults))


def with_a_flat_stretch(duration_s: float) -> ArrayRecording:
    patient = make_patient(duration_s)
    signals = patient.read(range(len(patient.channels)), 0.0, duration_s)
    signals[2][130 * 256 : 140 * 256] = 7.0
    return ArrayRecording(patient.channels, signals)


def judge(recording: ArrayRecording, from_s: float, qtbot: QtBot) -> Notes:
    notes = Notes()
    thread = QualityThread(recording, tuple(range(len(recording.channels))), from_s, notes)
    thread.judged.connect(notes.take)
    with qtbot.waitSignal(thread.finished, timeout=20_000):
        thread.start()
    thread.wait()
    qtbot.waitUntil(lambda: sum(faults.shape[1] for _, faults in notes.chunks) == int(recording.duration_s))
    return notes


def test_the_page_that_is_looked_at_comes_first_and_no_second_is_left_out(qtbot: QtBot):
    notes = judge(with_a_flat_stretch(200.0), 125.0, qtbot)
    assert [first for first, _ in notes.chunks] == [120, 180, 0, 60]
    whole = np.concatenate([faults for _, faults in sorted(notes.chunks, key=lambda chunk: chunk[0])], axis=1)
    assert np.argwhere(whole & Fault.FLAT).tolist() == [[2, second] for second in range(130, 140)]


def test_a_recording_of_less_than_a_second_is_judged_without_a_word(qtbot: QtBot):
    assert judge(make_patient(0.5), 0.0, qtbot).chunks == []


def test_an_opened_recording_is_judged_and_closing_it_forgets_that(reading: MainWindow, qtbot: QtBot):
    qtbot.waitUntil(lambda: not reading.features.quality.is_busy, timeout=20_000)
    assert reading.page.traces._faults.faults.shape == (29, 60)
    reading.session.close_recording()
    assert reading.page.traces._faults is None and not reading.features.quality.is_busy
