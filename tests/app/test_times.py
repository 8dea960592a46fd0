"""Times are written and read as on a clock."""

from datetime import datetime

import pytest

from app.times import clock_text, duration_text, elapsed_text, parse_time

START = datetime(2020, 1, 1, 22, 0, 0)


@pytest.mark.parametrize(
    ("time_s", "text"), [(0.0, "0:00:00.0"), (59.96, "0:01:00.0"), (3723.45, "1:02:03.4"), (-1.0, "−0:00:01.0")]
)
def test_elapsed_time_carries_over_correctly(time_s: float, text: str):
    assert elapsed_text(time_s) == text


def test_the_clock_runs_past_midnight_and_is_silent_without_a_start():
    assert clock_text(START, 2 * 3600 + 1.5) == "00:00:01"
    assert clock_text(None, 5.0) == ""


@pytest.mark.parametrize(
    ("text", "time_s"),
    [
        ("90", 90.0),
        ("1:30", 90.0),
        ("0:01:30,5", 90.5),
        ("22:30:00", 1800.0),
        ("01:00:00", 3600.0),
        ("23:10", 1390.0),
        ("99:99:99", None),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_a_typed_time_is_elapsed_or_of_the_day(text: str, time_s: float | None):
    assert parse_time(text, START, 4 * 3600.0) == time_s


def test_durations_are_told_in_the_two_units_that_matter():
    assert [duration_text(s) for s in (4.2, 80, 120, 3700)] == ["4 s", "1 min 20 s", "2 min", "1 h 1 min"]
