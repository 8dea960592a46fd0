from pathlib import Path

import numpy as np
import pytest

from inference.simulate.sleep.bids import write_eeg_fmri
from inference.training.corpora.table import recognise_corpus
from inference.training.evaluate import Evaluation, EvaluationOrder, evaluate


@pytest.fixture(scope="module")
def data_set(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ds003768")
    for seed in (1, 2, 3):
        write_eeg_fmri(seed, 60.0, folder)
    return folder


def run(folder: Path, protocol: str, n_steps: int | None = None) -> tuple[Evaluation, list[str]]:
    progress = evaluate(EvaluationOrder("sleep-staging", folder, protocol, n_steps=n_steps, provider="cpu"))
    stages = []
    while True:
        try:
            stages.append(next(progress).stage)
        except StopIteration as stop:
            return stop.value, stages


def test_a_data_set_laid_out_as_ds003768_is_known_by_its_tables_of_stages(data_set):
    assert recognise_corpus(data_set) == "ds003768"


def test_the_shipped_package_is_asked_about_every_session_with_its_fmri(data_set):
    with_fmri, _ = run(data_set, "all")
    assert (with_fmri.corpus, with_fmri.n_asked) == ("ds003768", 3)
    assert with_fmri.windows.n_patients == 3
    assert with_fmri.windows.confusion.sum() == 6
    assert any("Schaefer" in problem for problem in with_fmri.problems)
    assert with_fmri.windows.figures["accuracy"].value >= 0.5


def test_a_network_is_trained_anew_for_each_subject_that_is_left_out(data_set):
    evaluation, stages = run(data_set, "leave-one-patient-out", n_steps=1)
    assert evaluation.n_folds == 3
    assert any("preparing" in stage for stage in stages)
    assert any("training" in stage for stage in stages)
    assert evaluation.windows.confusion.sum() == 6
    assert np.isfinite(evaluation.windows.figures["balanced_accuracy"].value)
