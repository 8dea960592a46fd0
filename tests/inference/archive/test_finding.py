import os

import pytest

from inference.archive.finding import find_items, refuse_twins


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_folder_gives_every_recording_and_keeps_their_places(tmp_path):
    archive, out = tmp_path / "archive", tmp_path / "out"
    for name in (
        "b/night.EDF",
        "a/sub-1.vhdr",
        "a/sub-1.eeg",
        "a/sub-1.vmrk",
        "a/notes.txt",
        ".trash/old.edf",
        "c.eeg",
    ):
        touch(archive / name)
    (archive / "d.mff").mkdir()
    touch(archive / "d.mff" / "signal1.raw")
    items, problems = find_items([archive], out)
    assert [item.name for item in items] == ["a/sub-1.vhdr", "b/night.EDF", "c.eeg", "d.mff"]
    assert [item.folder for item in items] == [out / "a", out / "b", out, out]
    assert problems == ()


def test_results_inside_the_archive_are_not_taken_for_recordings(tmp_path):
    touch(tmp_path / "night.edf")
    touch(tmp_path / "out" / "copy.edf")
    items, _ = find_items([tmp_path], tmp_path / "out")
    assert [item.name for item in items] == ["night.edf"]


def test_a_file_is_taken_whatever_its_name_and_once(tmp_path):
    path = touch(tmp_path / "recording.001")
    items, problems = find_items([path, path, tmp_path / "missing.edf"], tmp_path)
    assert [item.name for item in items] == ["recording.001", "missing.edf"]
    assert problems == ()


def test_a_folder_without_a_recording_is_told(tmp_path):
    items, problems = find_items([tmp_path], tmp_path / "out")
    assert items == ()
    assert problems == (f"There is no recording in {tmp_path}.",)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may read everything")
def test_a_folder_that_cannot_be_read_is_told_and_the_others_are_taken(tmp_path):
    touch(tmp_path / "closed" / "night.edf")
    touch(tmp_path / "open" / "night.edf")
    (tmp_path / "closed").chmod(0)
    try:
        items, (problem,) = find_items([tmp_path], tmp_path / "out")
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert [item.name for item in items] == ["open/night.edf"]
    assert "closed was passed over" in problem


def test_of_two_whose_results_would_have_one_name_the_second_is_refused(tmp_path):
    items, _ = find_items([tmp_path / "x" / "night.edf", tmp_path / "y" / "night.bdf"], tmp_path / "out")
    refused = refuse_twins(items)
    assert list(refused) == [items[1]]
    assert "would overwrite those of" in refused[items[1]]
