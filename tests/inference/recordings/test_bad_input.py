"""Whatever is handed in: one sentence that names file and cause, or a recording that says what it lacks."""

import os
import random
from pathlib import Path

import pytest

from inference.errors import RecordingError
from inference.recordings import open_recording
from tests.inference.recordings.edf_files import N_SIGNALS, RECORD_COUNT, patch, write_edf


def refusal(path: Path) -> str:
    with pytest.raises(RecordingError) as caught:
        open_recording(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path} cannot be opened: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence.removeprefix(f"{path} cannot be opened: ")


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    assert refusal(tmp_path / "none.edf") == "there is no such file."


def test_a_folder_is_said_to_be_one(tmp_path):
    assert refusal(tmp_path) == "it is a folder, not a recording."


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    path = tmp_path / "zero.edf"
    path.touch()
    assert refusal(path) == "it is empty."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    path = tmp_path / "pipe.edf"
    os.mkfifo(path)
    assert refusal(path) == "it is a device or a pipe, not a file."


def test_a_forbidden_file_is_said_to_be_forbidden(tmp_path, monkeypatch):
    path = tmp_path / "secret.edf"
    write_edf(path)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read anything: let the system call refuse all the same

        def refuse(*args, **kwargs):
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "open", refuse)
    assert refusal(path) == "you have no permission to read it."


@pytest.mark.parametrize(
    "suffix", [".edf", ".bdf", ".set", ".vhdr", ".cnt", ".fif", ".raw", ".lay", ".eeg", ".txt", ""]
)
def test_text_by_another_name_is_not_taken_for_a_recording(tmp_path, suffix):
    path = tmp_path / f"letter{suffix}"
    path.write_text("Dear colleague, thank you for referring this girl of five months.\n" * 40, encoding="utf-8")
    refusal(path)


@pytest.mark.parametrize("claim", [b"9999", b"6000", b"0", b"-1", b"many", b""])
def test_an_impossible_number_of_signals_is_refused(tmp_path, claim):
    path = tmp_path / "signals.edf"
    write_edf(path)
    patch(path, N_SIGNALS, claim)
    assert "signals" in refusal(path)


def test_sixty_thousand_signals_that_overflow_their_field_are_refused(tmp_path):
    path = tmp_path / "overflow.edf"
    write_edf(path)
    patch(path, slice(251, 256), b"60000")
    refusal(path)


@pytest.mark.parametrize("claim", [b"99999999", b"21474836"])
def test_a_record_count_beyond_the_file_opens_what_there_is(tmp_path, claim):
    path = tmp_path / "records.edf"
    write_edf(path)
    patch(path, RECORD_COUNT, claim)
    recording = open_recording(path)
    assert recording.duration_s == 5.0
    assert recording.problems[0].startswith("The file is cut off")


def test_a_file_of_annotations_only_says_so(test_data):
    assert refusal(test_data / "hypnograms/SC4001EC-Hypnogram.edf") == "it holds annotations only, no signals."


def test_a_recording_without_eeg_still_opens(tmp_path):
    path = tmp_path / "legs.edf"
    write_edf(path, rates_hz=(100,))
    patch(path, slice(256, 272), b"Left Leg")
    assert [channel.kind.value for channel in open_recording(path).channels] == ["emg"]


def test_a_cut_data_file_of_another_format_offers_its_beginning(test_data, tmp_path):
    for name in ("test_nicolet_raw.head", "test_nicolet_raw.data"):
        content = (test_data / "formats" / name).read_bytes()
        (tmp_path / name).write_bytes(content[:10_000] if name.endswith("data") else content)
    recording = open_recording(tmp_path / "test_nicolet_raw.data")
    assert recording.duration_s == pytest.approx(10_000 // 58 / 256)
    assert "are missing at its end" in recording.problems[-1]


def open_and_read(path: Path) -> None:
    try:
        recording = open_recording(path)
        if recording.channels[0].rate_hz < 1e5:
            recording.read(range(len(recording.channels)), 0, min(10, recording.duration_s))
    except RecordingError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["psg/sleepedf_5min.edf", "formats/edfAnnonC.edf", "formats/bdfPlusC.bdf"])
def test_no_mutation_of_an_edf_file_raises_anything_but_a_sentence(test_data, tmp_path, name):
    content = (test_data / name).read_bytes()
    rng = random.Random(name)
    path = tmp_path / Path(name).name
    for _ in range(150):
        mutated = bytearray(content[: rng.randrange(len(content))] if rng.random() < 0.5 else content)
        for _ in range(rng.randrange(10) if mutated else 0):
            mutated[rng.randrange(min(len(mutated), 1500))] = rng.choice(b" 0123456789-+.eE\x00\xff\x80n")
        path.write_bytes(mutated)
        open_and_read(path)


@pytest.mark.parametrize(
    "name", ["brainvision/test.vhdr", "test_egi.raw", "test_1ch.gdf", "scan41_short.cnt", "test_raw_2021.set"]
)
def test_no_cut_through_another_format_raises_anything_but_a_sentence(test_data, tmp_path, name):
    source = test_data / "formats" / name
    rng = random.Random(name)
    content = source.read_bytes()
    for sibling in source.parent.glob(f"{source.stem}.*"):
        (tmp_path / sibling.name).write_bytes(sibling.read_bytes())
    path = tmp_path / source.name
    for _ in range(12):
        path.write_bytes(content[: rng.randrange(1, len(content))])
        open_and_read(path)
