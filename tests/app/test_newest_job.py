from threading import Event

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.newest_job import NewestJob
from inference.errors import ImagingError, SpasmlensError


@pytest.fixture
def job(qtbot: QtBot):
    parent = QObject()
    job = NewestJob(parent)
    yield job
    job.close()


def test_what_work_reports_and_gives_arrives(job: NewestJob, qtbot: QtBot):
    told = []
    job.progressed.connect(lambda *news: told.append(news))
    with qtbot.waitSignal(job.done) as done:
        job.start("Counting", lambda report: report("one", 0.5) or 2)
    assert told == [("one", 0.5)]
    assert done.args == [2]
    assert not job.is_busy


def test_newer_work_takes_the_place_of_older_whose_gift_is_discarded(job: NewestJob, qtbot: QtBot):
    go_on, done, discarded = Event(), [], []
    job.done.connect(done.append)
    job.discarded.connect(discarded.append)
    job.start("The older", lambda report: go_on.wait(5) and "old")
    job.start("The newer", lambda report: "new")
    qtbot.waitUntil(lambda: done == ["new"])
    go_on.set()
    qtbot.waitUntil(lambda: discarded == ["old"])
    assert done == ["new"]


def test_abandoned_work_ends_at_its_next_report(job: NewestJob, qtbot: QtBot):
    go_on, ended, reached = Event(), [], []
    job.discarded.connect(ended.append)

    def work(report):
        go_on.wait(5)
        report("half", 0.5)
        reached.append("the end")

    job.start("Working", work)
    job.abandon()
    go_on.set()
    job.close()
    assert reached == [] and ended == []


def test_what_was_given_while_closing_is_discarded_not_lost(job: NewestJob, qtbot: QtBot):
    discarded = []
    job.discarded.connect(discarded.append)
    job.start("Opening", lambda report: "a study that others may want")
    job.close()
    assert discarded == ["a study that others may want"]


def test_faults_of_the_world_are_told_as_they_are_and_ours_in_one_sentence(job: NewestJob, qtbot: QtBot):
    def of_the_world(report):
        raise ImagingError("It is no image.")

    def of_ours(report):
        raise ZeroDivisionError

    with qtbot.waitSignal(job.failed) as told:
        job.start("Opening", of_the_world)
    assert isinstance(told.args[0], ImagingError)
    with qtbot.waitSignal(job.failed) as told:
        job.start("Opening", of_ours)
    assert isinstance(told.args[0], SpasmlensError)
    assert str(told.args[0]) == "Opening failed because of a fault in Spasmlens itself."
