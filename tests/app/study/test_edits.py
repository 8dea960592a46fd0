from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.study import edits
from app.study.edits import Labels, Stamp, Verb
from app.study.journal import Entry, Ledger, update_from_text, update_to_text
from inference.errors import StudyError
from inference.labels.annotations import Decision
from tests.inference.labels.builders import VIEW, make_detection

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
DETECTIONS = {f"d{n}": make_detection(n, 10.0 * n) for n in range(1, 5)}


def stamp(numbers=None):
    numbers = numbers or count(1)
    return Stamp("reader", NOW, VIEW, lambda: f"x{next(numbers)}")


def after(labels, *updates):
    return labels.apply(*(update for update in updates if update is not None))


def target(labels, event_id):
    return edits.find_target(labels, DETECTIONS, event_id)


def decided(decision, event_id="d1"):
    return after(Labels(), edits.decide(target(Labels(), event_id), decision, stamp()))


def test_accepting_a_rejected_detection_flips_it():
    labels = decided(Decision.REJECTED)
    labels = after(labels, edits.decide(target(labels, "d1"), Decision.ACCEPTED, stamp()))
    (event,) = labels.annotations.values()
    assert (event.decision, event.detection_id, event.onset_s) == (Decision.ACCEPTED, "d1", 10.0)


def test_deciding_the_same_again_is_no_edit():
    labels = decided(Decision.ACCEPTED)
    assert edits.decide(target(labels, "d1"), Decision.ACCEPTED, stamp()) is None


def test_moving_a_detection_accepts_it_with_the_new_edges():
    labels = after(Labels(), edits.move(target(Labels(), "d1"), 9.5, 2.0, stamp()))
    (event,) = labels.annotations.values()
    assert (event.decision, event.detection_id, event.onset_s, event.duration_s) == (Decision.ACCEPTED, "d1", 9.5, 2.0)


def test_relabelling_a_rejected_detection_says_that_it_is_there():
    labels = decided(Decision.REJECTED)
    labels = after(labels, edits.relabel(target(labels, "d1"), "EMG-artifact", stamp()))
    (event,) = labels.annotations.values()
    assert (event.decision, event.label) == (Decision.ACCEPTED, "EMG-artifact")


def test_an_unsure_event_stays_unsure_when_it_is_moved():
    labels = decided(Decision.UNSURE)
    labels = after(labels, edits.move(target(labels, "d1"), 9.0, 1.0, stamp()))
    assert next(iter(labels.annotations.values())).decision is Decision.UNSURE


def test_an_added_event_is_unsure_then_added_again_and_goes_when_rejected():
    labels = after(Labels(), edits.add(5.0, 1.0, "spasm", (), stamp()))
    labels = after(labels, edits.decide(target(labels, "x1"), Decision.UNSURE, stamp()))
    assert labels.annotations["x1"].decision is Decision.UNSURE
    labels = after(labels, edits.decide(target(labels, "x1"), Decision.ACCEPTED, stamp()))
    assert labels.annotations["x1"].decision is Decision.ADDED
    assert not after(labels, edits.decide(target(labels, "x1"), Decision.REJECTED, stamp())).annotations


def test_removing_withdraws_a_decision_an_added_event_or_a_reviewed_span():
    labels = decided(Decision.ACCEPTED)
    assert not after(labels, edits.remove(labels, "d1")).annotations
    labels = after(Labels(), edits.mark_reviewed(Labels(), 0.0, 10.0, stamp()))
    assert not after(labels, edits.remove(labels, "x1")).spans
    assert edits.remove(Labels(), "d1") is None


def test_a_stretch_that_was_read_before_is_not_recorded_twice():
    labels = after(Labels(), edits.mark_reviewed(Labels(), 0.0, 10.0, stamp()))
    assert edits.mark_reviewed(labels, 2.0, 5.0, stamp()) is None
    assert edits.mark_reviewed(labels, 2.0, 10.0, stamp()) is not None


def test_every_decision_records_who_when_and_what_was_on_the_screen():
    labels = after(Labels(), edits.decide(target(Labels(), "d1"), Decision.ACCEPTED, stamp(), 0.8))
    (event,) = labels.annotations.values()
    assert (event.author, event.made, event.view, event.confidence) == ("reader", NOW, VIEW, 0.8)


@pytest.mark.parametrize(
    ("edit", "cause"),
    [
        (lambda: edits.find_target(Labels(), DETECTIONS, "nothing"), "no event nothing"),
        (lambda: edits.add(-1.0, 1.0, "spasm", (), stamp()), "cannot start at -1 s"),
        (lambda: edits.add(1.0, 0.0, "spasm", (), stamp()), "last 0 s"),
        (lambda: edits.add(float("nan"), 1.0, "spasm", (), stamp()), "cannot start at nan s"),
        (lambda: edits.add(1.0, 1.0, "hiccup", (), stamp()), "no term 'hiccup'"),
        (lambda: edits.comment(target(Labels(), "d1"), "?", stamp()), "before saying more"),
        (lambda: edits.decide(target(Labels(), "d1"), Decision.ACCEPTED, stamp(), 1.5), "between 0 and 1"),
    ],
)
def test_an_edit_that_makes_no_sense_gives_one_sentence(edit, cause):
    with pytest.raises(StudyError, match=cause):
        edit()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["accept", "reject", "unsure", "move", "relabel", "add", "remove", "review", "undo", "undo", "redo"]
        ),
        st.sampled_from(["d1", "d2", "d3", "x1", "x2", "x5"]),
        st.integers(1, 50),
    ),
    max_size=40,
)


def make_update(step, ledger, numbers):
    kind, event_id, number = step
    if kind in ("undo", "redo"):
        return (ledger.undo() if kind == "undo" else ledger.redo()) or (None, None)
    labels, here = ledger.labels, stamp(numbers)
    decisions = {"accept": Decision.ACCEPTED, "reject": Decision.REJECTED, "unsure": Decision.UNSURE}
    if kind == "add":
        return edits.add(number, 1.0, "spasm", (), here), None
    if kind == "review":
        return edits.mark_reviewed(labels, number, 5.0, here), None
    if kind == "remove":
        return edits.remove(labels, event_id), None
    try:
        event = target(labels, event_id)
    except StudyError:
        return None, None
    if kind in decisions:
        return edits.decide(event, decisions[kind], here), None
    if kind == "move":
        return edits.move(event, number, 2.0, here), None
    return edits.relabel(event, "EMG-artifact", here), None


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_a_journal_adds_up_to_the_labels_and_taking_everything_back_leaves_nothing(steps):
    ledger, numbers = Ledger(), count(1)
    for step in steps:
        update, about = make_update(step, ledger, numbers)
        if update is not None:
            ledger.append(Entry(ledger.next_sequence, NOW, "reader", update, about))
    spelt = [
        Entry(e.sequence, e.time, e.author, update_from_text(e.update.verb.value, update_to_text(e.update)), e.target)
        for e in ledger.entries
    ]
    again = Ledger.replay(spelt)
    assert again == ledger
    while (step := again.undo()) is not None:
        again.append(Entry(again.next_sequence, NOW, "reader", *step))
    assert again.labels == Labels()


def test_a_journal_that_does_not_follow_is_refused():
    update = edits.add(1.0, 1.0, "spasm", (), stamp())
    first = Entry(1, NOW, "reader", update)
    for wrong in (
        Entry(3, NOW, "reader", edits.add(1.0, 1.0, "spasm", (), stamp(count(9)))),
        Entry(2, NOW, "reader", update),
        Entry(2, NOW, "reader", update.inverse(Verb.UNDO), 7),
    ):
        with pytest.raises(ValueError):
            Ledger.replay([first, wrong])
