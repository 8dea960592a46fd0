"""Results depend on recording and networks alone: not on who works on what, in which order, how often interrupted."""

import json
from dataclasses import replace

import numpy as np
import pytest

from inference.recordings import open_recording
from inference.runtime.agenda import Agenda
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.findings import Findings
from inference.simulate.writing import as_edf
from tests.inference.runtime.packages import make_burst_package
from tests.inference.runtime.patients import make_patient

BURSTS_S = (20.0, 29.5, 63.0, 149.5, 200.0)


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return tuple(make_burst_package(folder, name) for name in ("one", "two"))


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recordings") / "night.edf"
    as_edf(make_patient(240.0, bursts_s=BURSTS_S), "X").write(path)
    return open_recording(path)


def run(request, should_cancel=lambda: False, gaze=lambda: None):
    return list(analyze(request, should_cancel, gaze))


def results_of(updates):
    return [update.result for update in updates if update.result]


def assert_same(ours, theirs):
    assert [result.reference for result in ours] == [result.reference for result in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one.detections == other.detections
        assert np.array_equal(one.probability, other.probability, equal_nan=True)


@pytest.fixture(scope="module")
def in_order(recording, packages):
    results = results_of(run(AnalysisRequest(recording, packages, "cpu", workers=1)))
    assert all(len(result.detections) == len(BURSTS_S) for result in results)
    return results


def test_several_workers_find_what_one_finds_to_the_last_digit(recording, packages, in_order):
    assert_same(results_of(run(AnalysisRequest(recording, packages, "cpu", workers=4))), in_order)


def test_what_a_reader_looks_at_comes_first_and_changes_nothing(recording, packages, in_order, monkeypatch):
    monkeypatch.setattr("inference.runtime.analysis._UPDATE_INTERVAL_S", 0.0)
    updates = run(AnalysisRequest(recording, packages, "cpu", workers=1), gaze=lambda: (150.0, 10.0))
    first = next(update for update in updates if np.isfinite(update.probability).any())
    assert 118 < first.time_s[np.isfinite(first.probability)].min() < 180
    # Both networks have looked at the page before either goes through the rest.
    beginning = [update.model_name for update in updates if (update.time_s[:1] < 60).any() and len(update.time_s)]
    page = {update.model_name for update in updates if ((update.time_s > 140) & (update.time_s < 170)).any()}
    assert page == {"one", "two"}
    assert beginning[0] == "one"
    assert_same(results_of(updates), in_order)


def test_the_agenda_follows_the_reader_and_then_the_networks():
    class Strip(Findings):
        def __init__(self, n):
            self.parts, self.done = tuple(range(i, i + 10) for i in range(0, n, 10)), ()

        def span_s(self, part):
            return float(part.start), float(part.stop - 1)

        def is_done(self, part):
            return part in self.done

        def answers(self):
            return ()

    agenda = Agenda(2)
    assert agenda.take((75.0, 5.0)) == (0, None)
    agenda.open(0, Strip(100))
    assert agenda.take((75.0, 5.0)) == (0, range(70, 80))
    assert agenda.take((75.0, 5.0)) == (0, range(80, 90))
    assert agenda.take((75.0, 5.0)) == (1, None)
    agenda.open(1, Strip(100))
    assert agenda.take((75.0, 5.0)) == (1, range(70, 80))
    assert agenda.take(None) == (0, range(0, 10))
    agenda.drop(0)
    assert [agenda.take(None)[1].start for _ in range(9)] == [0, 10, 20, 30, 40, 50, 60, 80, 90]
    assert agenda.take(None) is None


def stop_after(n_looks):
    """Cancel when it was asked so many times."""
    seen = [0]

    def should_cancel():
        seen[0] += 1
        return seen[0] > n_looks

    return should_cancel


@pytest.mark.parametrize("workers", [1, 3])
def test_a_stopped_analysis_goes_on_where_it_was_and_ends_the_same(recording, packages, in_order, tmp_path, workers):
    request = AnalysisRequest(recording, packages, "cpu", workers=workers, cache=tmp_path / "answers")
    sizes = []
    for n_looks in (6, 12, 18):
        run(request, stop_after(n_looks))
        sizes.append(sum(path.stat().st_size for path in request.cache.iterdir()))
    assert sizes == sorted(sizes)
    assert_same(results_of(run(request)), in_order)


def test_what_was_found_before_is_there_at_once_and_the_file_is_not_looked_at(
    recording, packages, in_order, tmp_path, monkeypatch
):
    request = AnalysisRequest(recording, packages, "cpu", cache=tmp_path)
    run(request)
    monkeypatch.setattr("inference.runtime.analysis._make_run", None)
    again = results_of(run(request))
    assert_same(again, in_order)
    assert [result.channels_used for result in again] == [result.channels_used for result in in_order]


def test_other_networks_channels_or_samples_are_not_taken_for_what_was_kept(recording, packages, tmp_path):
    request = AnalysisRequest(recording, packages[:1], "cpu", cache=tmp_path)
    run(request)
    (kept,) = tmp_path.iterdir()
    run(replace(request, packages=packages[1:]))
    assert len(list(tmp_path.iterdir())) == 2
    other = open_recording(recording.path)
    other.correct_kinds({other.channels[-1].name: "eeg"})
    run(replace(request, recording=other))
    assert len(list(tmp_path.iterdir())) == 3
    assert kept.exists()


@pytest.mark.parametrize("where", ["header", "middle", "end", "torn"])
def test_what_was_kept_and_is_damaged_is_told_and_worked_out_again(recording, packages, in_order, tmp_path, where):
    request = AnalysisRequest(recording, packages[:1], "cpu", cache=tmp_path)
    run(request)
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    if where == "torn":
        del content[-30:]
    else:
        content[{"header": 20, "middle": len(content) // 2, "end": len(content) - 4}[where]] ^= 0x55
    path.write_bytes(content)
    (again,) = results_of(run(request))
    assert_same([again], in_order[:1])
    assert any("damaged" in problem for problem in again.problems)
    (third,) = results_of(run(request))
    assert_same([third], in_order[:1])
    assert not any("damaged" in problem for problem in third.problems)


def test_a_folder_that_cannot_be_written_is_done_without(recording, packages, in_order, tmp_path):
    (tmp_path / "file").write_text("in the way")
    request = AnalysisRequest(recording, packages, "cpu", cache=tmp_path / "file")
    assert_same(results_of(run(request)), in_order)


def test_what_is_kept_says_what_it_was_made_from(recording, packages, tmp_path):
    run(AnalysisRequest(recording, packages[:1], "cpu", cache=tmp_path))
    (path,) = tmp_path.iterdir()
    header = json.loads(path.read_bytes().partition(b"\n")[0])
    assert header["provider"] == "cpu"
    assert header["channels"]["used"]
