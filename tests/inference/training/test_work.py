from pathlib import Path

import pytest

from inference.errors import TrainingError
from inference.training.work import CHECKPOINT_NAME, clear_work_folder, open_work_folder, work_folder_beside


def test_the_work_folder_is_beside_the_package(tmp_path, monkeypatch):
    assert work_folder_beside(tmp_path / "model") == tmp_path / "model.work"
    monkeypatch.chdir(tmp_path)
    assert work_folder_beside(Path()) == tmp_path.parent / f"{tmp_path.name}.work"


def test_a_training_that_was_begun_is_neither_lost_nor_mixed_up(tmp_path):
    work = open_work_folder(tmp_path / "work", resume=False)
    (work / CHECKPOINT_NAME).mkdir()
    (work / "learning_curve.tsv").write_text("kept")
    with pytest.raises(TrainingError, match="--resume"):
        open_work_folder(work, resume=False)
    assert open_work_folder(work, resume=True) == work
    clear_work_folder(work)
    assert [path.name for path in open_work_folder(work, resume=False).iterdir()] == ["learning_curve.tsv"]


def test_a_work_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="cannot be made"):
        open_work_folder(tmp_path / "file", resume=False)
