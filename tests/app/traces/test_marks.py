from hypothesis import given
from hypothesis import strategies as st

from app.traces.marks import EventMark, MarkIndex

SPANS = st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 200)), max_size=60)


@given(SPANS, st.floats(0, 1000), st.floats(0, 100))
def test_the_index_finds_exactly_the_events_that_touch_the_page(spans, start_s, page_s):
    marks = [EventMark(str(n), onset, duration, "x", "x", "detection") for n, (onset, duration) in enumerate(spans)]
    found = MarkIndex(marks).between(start_s, start_s + page_s)
    expected = [mark for mark in marks if mark.onset_s <= start_s + page_s and mark.end_s >= start_s]
    assert {mark.event_id for mark in found} == {mark.event_id for mark in expected}
    assert [mark.onset_s for mark in found] == sorted(mark.onset_s for mark in found)
