from pathlib import Path

import numpy as np
import pytest

from inference.errors import LabelError, RecordingError
from inference.training.corpora import bern_barcelona, bonn
from inference.training.corpora.bern_barcelona import read_bern_barcelona
from inference.training.corpora.bonn import read_bonn


def write_bonn_file(path: Path, first: int = 0, n_samples: int = bonn.N_SAMPLES) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = first + np.arange(n_samples) % 7
    path.write_text("\r\n".join(str(value) for value in values) + "\r\n", encoding="ascii")


def write_pair(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).standard_normal((bern_barcelona.N_SAMPLES, 2))
    np.savetxt(path, values, fmt="%.4f", delimiter=",")


def test_bonn_sets_are_told_by_file_names_whatever_the_folders_and_the_case_of_the_ending(tmp_path):
    write_bonn_file(tmp_path / "C_N" / "N002.TXT")
    write_bonn_file(tmp_path / "C_N" / "N001.TXT", first=3)
    write_bonn_file(tmp_path / "elsewhere" / "F001.txt")
    write_bonn_file(tmp_path / "Z" / "Z001.txt")
    segments = read_bonn(tmp_path, ("C", "D"))
    assert segments.files == ("N001", "N002", "F001")
    assert segments.label.tolist() == [0, 0, 1]
    assert segments.signals.shape == (3, 1, bonn.N_SAMPLES)
    assert segments.rate_hz == 173.61
    assert abs(segments.signals.mean(axis=-1)).max() < 1e-4


def test_both_channels_of_a_bern_barcelona_pair_share_one_file(tmp_path):
    write_pair(tmp_path / "Data_F_50" / "Data_F_Ind0001.txt", 1)
    write_pair(tmp_path / "Data_N_50" / "Data_N_Ind0001.txt", 2)
    write_pair(tmp_path / "Data_N_50" / "Data_N_Ind0002.txt", 3)
    segments = read_bern_barcelona(tmp_path)
    assert segments.files == ("Data_N_Ind0001", "Data_N_Ind0002", "Data_F_Ind0001")
    assert segments.label.tolist() == [0, 0, 1]
    assert segments.signals.shape == (3, 2, bern_barcelona.N_SAMPLES)


def test_a_folder_without_the_wanted_sets_is_refused_by_name(tmp_path):
    write_bonn_file(tmp_path / "N001.TXT")
    with pytest.raises(LabelError, match="no file of set D"):
        read_bonn(tmp_path)
    with pytest.raises(LabelError, match="no part X"):
        read_bonn(tmp_path, ("X",))
    with pytest.raises(LabelError, match="no non-focal pair"):
        read_bern_barcelona(tmp_path)
    with pytest.raises(RecordingError, match="is not a folder"):
        read_bonn(tmp_path / "missing")


def test_a_damaged_file_is_named(tmp_path):
    write_bonn_file(tmp_path / "N001.TXT", n_samples=17)
    write_bonn_file(tmp_path / "F001.txt")
    with pytest.raises(RecordingError, match=r"N001\.TXT should hold 4097 lines of 1 number"):
        read_bonn(tmp_path)
    (tmp_path / "N001.TXT").write_text("12\nabc\n", encoding="ascii")
    with pytest.raises(RecordingError, match=r"N001\.TXT holds something else than a table of numbers"):
        read_bonn(tmp_path)


def test_a_corpus_that_lies_there_twice_is_refused_because_copies_would_cross_the_folds(tmp_path):
    write_bonn_file(tmp_path / "N" / "N001.TXT")
    write_bonn_file(tmp_path / "copy" / "n001.txt")
    write_bonn_file(tmp_path / "F001.txt")
    with pytest.raises(RecordingError, match="lies there twice"):
        read_bonn(tmp_path)


def test_the_real_corpora_have_their_published_sizes(test_data):
    bonn_segments = read_bonn(test_data / "bonn", ("A", "B", "C", "D", "E"))
    assert np.bincount(bonn_segments.label).tolist() == [100] * 5
    pairs = read_bern_barcelona(test_data / "bern_barcelona")
    assert np.bincount(pairs.label).tolist() == [50, 50]
