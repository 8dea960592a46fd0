from dataclasses import replace

import pytest

from inference.archive.analysing import ArchiveOrder, Outcome, analyze_item
from inference.archive.finding import ArchiveItem
from inference.imaging.atlas import APPROXIMATE_NOTE
from inference.recordings.fingerprint import fingerprint
from tests.inference.imaging.test_fmri_study import write_eeg, write_study


@pytest.fixture
def order(untrained_packages, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return ArchiveOrder((untrained_packages["sleep-staging"],), "cpu")


def finish(item: ArchiveItem, order: ArchiveOrder) -> Outcome:
    steps = analyze_item(item, order)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_a_recording_is_staged_with_the_fmri_that_lies_beside_it(order, tmp_path):
    eeg, bold = write_study(tmp_path / "bids")
    outcome = finish(ArchiveItem(eeg, eeg.name, tmp_path / "out"), order)
    assert outcome.failure == ""
    assert outcome.summary["made_from"]["fmri"] == fingerprint(bold)
    assert APPROXIMATE_NOTE in outcome.summary["problems"]
    assert f"Sleep is staged with the fMRI of {bold.name} as well." in outcome.summary["problems"]


def test_fmri_that_cannot_be_used_is_told_and_the_eeg_is_staged_alone(order, tmp_path):
    eeg, bold = write_study(tmp_path / "bids")
    bold.write_bytes(b"no image at all" * 40)
    outcome = finish(ArchiveItem(eeg, eeg.name, tmp_path / "out"), order)
    assert outcome.failure == ""
    assert any(bold.name in problem for problem in outcome.summary["problems"])
    assert outcome.summary["models"]


def test_fmri_that_was_named_must_be_usable(order, tmp_path):
    eeg, _bold = write_study(tmp_path / "bids")
    outcome = finish(
        ArchiveItem(eeg, eeg.name, tmp_path / "out"), ArchiveOrder(order.packages, "cpu", tmp_path / "missing.nii")
    )
    assert "missing.nii" in outcome.failure


def test_without_a_network_that_looks_at_fmri_none_is_opened(untrained_packages, tmp_path):
    eeg, _bold = write_study(tmp_path / "bids")
    outcome = finish(
        ArchiveItem(eeg, eeg.name, tmp_path / "out"), ArchiveOrder((untrained_packages["dsmn-ess"],), "cpu")
    )
    assert outcome.failure == ""
    assert outcome.summary["made_from"]["fmri"] is None


def test_the_scanners_artefact_is_subtracted_where_that_is_asked_and_told(order, tmp_path):
    eeg, _bold = write_study(tmp_path / "bids")
    item = ArchiveItem(eeg, eeg.name, tmp_path / "out")
    outcome = finish(item, replace(order, subtract_artefact=True))
    assert outcome.failure == ""
    assert outcome.summary["made_from"]["artefact_subtracted"] is True
    assert any("scanner's artefact is subtracted" in problem for problem in outcome.summary["problems"])
    assert not finish(item, order).is_old
    alone = write_eeg(tmp_path / "alone", "alone", None)
    refused = finish(ArchiveItem(alone, alone.name, tmp_path / "out"), replace(order, subtract_artefact=True))
    assert "has no volume triggers" in refused.failure
