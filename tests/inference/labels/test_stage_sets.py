"""Stages beyond the manuals': a site's own, and those of one manual in another's words."""

import json

import pytest

from inference.errors import LabelError
from inference.labels.hypnogram_formats import read_hypnogram, write_hypnogram
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_stages import AASM, INFANT, RECHTSCHAFFEN_KALES, STAGE_SETS
from inference.labels.sleep_statistics import summarize_sleep
from inference.labels.stage_set_file import KEYS, read_stage_set, stage_set_from_json, stage_set_to_json

WARD = {
    "name": "Ward 7",
    "stages": [
        {"code": "WK", "name": "Wake", "key": "w", "asleep": False},
        {"code": "AS", "name": "Active sleep", "key": "R", "asleep": True, "hed": "Sleep-stage-REM"},
        {"code": "QS", "name": "Quiet sleep", "key": "1", "asleep": True},
        {"code": "IS", "name": "Indeterminate", "key": "2", "asleep": None},
    ],
}


@pytest.fixture
def ward(tmp_path):
    path = tmp_path / "ward.json"
    path.write_text(json.dumps(WARD))
    return read_stage_set(path)


def test_a_site_s_stages_come_with_their_keys(ward):
    assert ward.codes == ("WK", "AS", "QS", "IS")
    assert [ward.find_key(key).code for key in "WR12"] == ["WK", "AS", "QS", "IS"]
    assert ward.find_key("3") is None
    assert stage_set_from_json(stage_set_to_json(ward)) == ward


def test_a_site_s_sleep_is_reported_by_what_it_calls_wake_and_sleep(ward):
    night = summarize_sleep(Hypnogram(("WK", "AS", "QS", "WK", "IS", "QS"), stage_set=ward))
    assert (night.sleep_min, night.wake_after_onset_min, night.unscored_min, night.n_awakenings) == (1.5, 0.5, 0.5, 1)
    assert night.stage_min["AS"] == 0.5


@pytest.mark.parametrize("name", ["bids", "csv"])
def test_a_site_s_stages_read_again_from_the_tables_that_they_are_written_to(tmp_path, ward, name):
    hypnogram = Hypnogram(("WK", "?", "AS", "QS", "IS"), stage_set=ward, scorer="Dr A")
    path = write_hypnogram(tmp_path / f"x.{'tsv' if name == 'bids' else 'csv'}", hypnogram, name)
    assert read_hypnogram(path, stage_set=ward) == hypnogram


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda d: d.pop("name"), "each needs a code"),
        (lambda d: d["stages"][0].pop("asleep"), "each needs a code"),
        (lambda d: d["stages"][0].update(code="AS"), "code AS is there twice"),
        (lambda d: d["stages"][0].update(key="1"), "key 1 is there twice"),
        (lambda d: d["stages"][0].update(key="x"), "key of WK is 'X'"),
        (lambda d: d["stages"][0].update(code="a wake"), "no code"),
        (lambda d: d["stages"][0].update(code="?"), "no code"),
        (lambda d: d["stages"][0].update(asleep="no"), "neither true, false nor null"),
        (lambda d: d.update(stages=[]), "there are 0 stages"),
        (lambda d: d.update(name="AASM"), "not a name of its own"),
    ],
)
def test_a_set_that_cannot_be_scored_in_is_refused_in_one_sentence(tmp_path, change, cause):
    path = tmp_path / "ward.json"
    fields = json.loads(json.dumps(WARD))
    change(fields)
    path.write_text(json.dumps(fields))
    with pytest.raises(LabelError, match=cause) as caught:
        read_stage_set(path)
    assert str(path) in str(caught.value) and str(caught.value).endswith(".")


@pytest.mark.parametrize("content", ["", "[", "7", "[]", '"AASM"', '"S"', "[" * 90_000])
def test_what_is_no_set_of_stages_is_refused(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(LabelError, match=str(path)):
        read_stage_set(path)


def test_every_stage_of_every_manual_has_a_key_of_its_own():
    for stage_set in STAGE_SETS:
        keys = [stage.key for stage in stage_set.stages if stage.key]
        assert len(keys) == len(set(keys)) and set(keys) <= set(KEYS)


def test_wake_is_drawn_at_the_top_then_rem_then_ever_deeper_sleep():
    assert AASM.levels == ("W", "R", "N1", "N2", "N3")
    assert INFANT.levels == ("W", "R", "N", "T")


def test_a_network_s_stages_are_told_in_those_of_infants():
    found = Hypnogram(("W", "N1", "N2", "N3", "R", "?")).to_set(INFANT)
    assert (found.stages, found.stage_set) == (("W", "N", "N", "N", "R", "?"), INFANT)
    old = Hypnogram(("S1", "S4", "M"), stage_set=RECHTSCHAFFEN_KALES)
    assert old.to_set(AASM).stages == ("N1", "N3", "?")
    assert old.to_set(INFANT).stages == ("N", "N", "?")
    assert Hypnogram(("N", "T"), stage_set=INFANT).to_set(AASM).stages == ("?", "?")


def test_a_hypnogram_is_cut_to_and_spread_over_a_recording():
    night = Hypnogram(("W", "N1", "N2", "R"), onset_s=-40.0)
    inside = night.within(0.0, 70.0)
    assert (inside.onset_s, inside.stages) == (-10.0, ("N1", "N2", "R"))
    spread = inside.covering(0.0, 200.0)
    assert (spread.onset_s, spread.stages) == (-10.0, ("N1", "N2", "R", "?", "?", "?", "?"))
    later = Hypnogram(("W",), onset_s=70.0).covering(0.0, 100.0)
    assert (later.onset_s, later.stages) == (10.0, ("?", "?", "W"))
    with pytest.raises(LabelError, match="No epoch of the hypnogram lies between 500 and 600 s"):
        night.within(500.0, 600.0)
