import json
import math
import tempfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from inference.errors import LabelError, ModelPackageError, RecordingError, TrainingError
from inference.labels.scoring import Span
from inference.labels.sleep_stages import UNSCORED
from inference.simulate.truth import Role, Term, TruthEvent
from inference.simulate.writing import write_case
from inference.training.evaluate import EvaluationOrder, evaluate
from inference.training.evaluation_report import describe_evaluation, write_evaluation
from inference.training.evaluators.events import label_times
from inference.training.evaluators.material import Material
from tests.inference.runtime.packages import make_burst_package
from tests.inference.runtime.patients import make_patient
from tests.inference.training.corpus_folders import write_chb_mit, write_night


def carry_out(order):
    """Give what an evaluation reported on the way, and what came out."""
    running, reports = evaluate(order), []
    while True:
        try:
            reports.append(next(running))
        except StopIteration as ended:
            return reports, ended.value


def result_of(order):
    return carry_out(order)[1]


def write_infant(folder, seed, bursts_s, spasms_s, duration_s=60.0):
    """Write a recording with muscle bursts of a second, of which some are said to be spasms."""
    recording = make_patient(duration_s, bursts_s=bursts_s, seed=seed)
    truth = tuple(TruthEvent(onset_s, 1.0, Term.SPASM, role=Role.SPASM) for onset_s in spasms_s)
    return write_case(SimpleNamespace(recording=recording, truth=truth, stem=f"infant-{seed:04d}"), folder)


@pytest.fixture(scope="module")
def infants(tmp_path_factory):
    folder = tmp_path_factory.mktemp("infants")
    write_infant(folder, 1, (10.0, 30.0), (10.0, 30.0))
    write_infant(folder, 2, (10.0, 40.0), (10.0, 50.0))
    write_infant(folder, 3, (), ())
    return folder


@pytest.fixture(scope="module")
def burst_package(tmp_path_factory):
    return make_burst_package(tmp_path_factory.mktemp("models"), "iess-fusionnet").folder


@pytest.fixture
def segments(tmp_path, test_data):
    """Six real files of each class of Bonn, and three of Bern-Barcelona."""
    for corpus, pattern, n_files in (("bonn", "{}00{}.*", 6), ("bern_barcelona", "Data_{}_Ind000{}.txt", 3)):
        (tmp_path / corpus).mkdir()
        for letter in "NF":
            for number in range(1, n_files + 1):
                (source,) = (test_data / corpus).rglob(pattern.format(letter, number))
                (tmp_path / corpus / source.name).symlink_to(source)
    return tmp_path


def test_a_package_is_asked_about_every_recording_and_its_events_are_counted(infants, burst_package):
    reports, evaluation = carry_out(EvaluationOrder("iess-fusionnet", infants, "all", package=burst_package))
    assert [(report.stage, report.done, report.total) for report in reports] == [("asking", n, 3) for n in (1, 2, 3)]
    total = evaluation.events["each spasm"].total
    assert (total.n_reference, total.n_found, total.n_false) == (4, 3, 1)
    assert total.duration_s == 180.0
    assert evaluation.events["each spasm"].figures["sensitivity"].value == 0.75
    assert evaluation.events["each spasm"].figures["false_per_hour"].value == pytest.approx(20.0)


def test_every_time_of_the_grid_is_asked_and_those_in_a_spasm_are_its_windows(infants, burst_package):
    windows = result_of(EvaluationOrder("iess-fusionnet", infants, "all", package=burst_package)).windows
    # Windows of 4 s every 0.5 s: none for 2 s at either end of each minute.
    assert windows.confusion.sum() == 3 * (2 * 56 + 1)
    # Half a second around each time: 1 s holds one whole, and half of those at its edges.
    assert windows.confusion[1].sum() == 4 * 3
    assert windows.n_patients == 3


def test_a_time_is_in_an_event_that_fills_half_of_its_span_or_has_half_of_itself_in_it():
    time_s = np.arange(10) * 2.0
    assert label_times(time_s, [Span(4.0, 8.0)], 2.0).nonzero()[0].tolist() == [2, 3, 4]
    assert label_times(time_s, [Span(4.2, 7.8)], 2.0).nonzero()[0].tolist() == [3]
    assert label_times(time_s, [Span(4.9, 5.3)], 2.0).nonzero()[0].tolist() == [3]
    assert not label_times(time_s, [], 2.0).any()


def test_a_hold_out_asks_about_the_patients_that_the_seed_sets_aside(infants, burst_package):
    asked = set()
    for seed in range(4):
        order = EvaluationOrder("iess-fusionnet", infants, "hold-out", package=burst_package, seed=seed)
        reports, evaluation = carry_out(order)
        assert (evaluation.n_asked, evaluation.n_cases) == (1, 3)
        asked.add(reports[0].note)
    assert len(asked) > 1


def test_a_recording_that_cannot_be_read_is_told_and_the_others_go_on(infants, burst_package, tmp_path):
    for path in infants.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "infant-0001.edf").write_bytes(b"no recording")
    evaluation = result_of(EvaluationOrder("iess-fusionnet", tmp_path, "all", package=burst_package))
    assert (evaluation.n_asked, evaluation.n_cases) == (2, 3)
    assert any(problem.startswith("Left out: ") and "infant-0001.edf" in problem for problem in evaluation.problems)
    for path in tmp_path.glob("*.edf"):
        path.write_bytes(b"no recording")
    with pytest.raises(RecordingError, match=r"infant-0001\.edf"):
        result_of(EvaluationOrder("iess-fusionnet", tmp_path, "all", package=burst_package))


def test_after_a_kill_only_the_files_that_are_left_are_asked_about(infants, burst_package, tmp_path, monkeypatch):
    order = EvaluationOrder("iess-fusionnet", infants, "all", package=burst_package, work=tmp_path / "work")
    running = evaluate(order)
    next(running), next(running)
    running.close()
    asked, ask = [], Material.ask
    monkeypatch.setattr(Material, "ask", lambda self, index, *rest: asked.append(index) or ask(self, index, *rest))
    resumed = result_of(order)
    assert asked == [2]
    undisturbed = result_of(replace(order, work=None))
    for part in ("windows", "events", "problems"):
        assert describe_evaluation(resumed)[part] == describe_evaluation(undisturbed)[part]


def test_answers_to_other_labels_or_damaged_ones_are_asked_for_again(infants, burst_package, tmp_path):
    data, work = tmp_path / "data", tmp_path / "work"
    write_infant(data, 1, (10.0, 30.0), (10.0, 30.0))
    order = EvaluationOrder("iess-fusionnet", data, "all", package=burst_package, work=work)
    assert result_of(order).events["each spasm"].total.n_false == 0
    truth = data / "infant-0001_truth.tsv"
    truth.write_text("".join(line for line in truth.read_text().splitlines(True) if not line.startswith("30")))
    assert result_of(order).events["each spasm"].total.n_false == 1
    for path in work.iterdir():
        path.write_bytes(path.read_bytes()[:100])
    assert result_of(order).events["each spasm"].total.n_false == 1


def test_the_seizure_network_is_asked_about_the_bipolar_recordings_of_chb_mit(tmp_path, untrained_packages):
    package = untrained_packages["dsmn-ess"].folder
    evaluation = result_of(EvaluationOrder("dsmn-ess", write_chb_mit(tmp_path), "all", package=package))
    assert evaluation.events["each seizure"].total.n_reference == 5
    assert evaluation.events["each seizure"].total.duration_s == 40.0
    assert evaluation.windows.confusion.sum() == 4 * 4
    # chb01 and chb21 are one child.
    assert evaluation.windows.n_patients == 1
    assert math.isnan(evaluation.windows.figures["accuracy"].low)
    assert "With 1 patient, the intervals are too narrow, if any." in evaluation.problems


def test_each_real_segment_is_one_answer_with_the_mean_of_its_channels(segments, untrained_packages):
    package = untrained_packages["focus-localisation"].folder
    for corpus, n_files in (("bonn", 6), ("bern_barcelona", 3)):
        evaluation = result_of(EvaluationOrder("focus-localisation", segments / corpus, "all", package=package))
        assert evaluation.windows.confusion.sum(axis=1).tolist() == [n_files, n_files]
        assert (evaluation.owner, evaluation.events) == ("file", {})


def test_training_in_folds_tests_every_real_file_once_and_is_repeatable(segments):
    order = EvaluationOrder("focus-localisation", segments / "bonn", "10-fold", n_folds=2, n_steps=1, seed=4)
    reports, evaluation = carry_out(order)
    assert {report.stage for report in reports} == {"fold 1 of 2, training", "fold 2 of 2, training"}
    assert evaluation.windows.confusion.sum(axis=1).tolist() == [6, 6]
    assert evaluation.package is None
    again = result_of(order)
    assert describe_evaluation(again)["windows"] == describe_evaluation(evaluation)["windows"]


def test_the_spasm_network_is_trained_in_folds_and_leaves_nothing_behind(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    for seed in range(1, 4):
        write_infant(tmp_path, seed, (5.0,), (5.0,), duration_s=10.0)
    order = EvaluationOrder("iess-fusionnet", tmp_path, "leave-one-patient-out", n_steps=2, device="cpu")
    reports, evaluation = carry_out(order)
    assert evaluation.n_folds == 3
    assert {report.stage for report in reports} >= {"fold 1 of 3, preparing", "fold 3 of 3, training"}
    assert evaluation.events["each spasm"].total.n_reference == 3
    assert evaluation.events["each spasm"].total.duration_s == pytest.approx(30.0, abs=0.2)
    # Windows of 4 s every second.
    assert evaluation.windows.confusion.sum() == pytest.approx(3 * 7, abs=3)
    assert list((tmp_path / "temporary").glob("spasmlens-*")) == []


def test_the_seizure_network_is_trained_in_folds_on_recordings_without_syndromes(tmp_path):
    for seed in range(1, 4):
        write_infant(tmp_path, seed, (5.0,), (5.0,), duration_s=16.0)
    order = EvaluationOrder("dsmn-ess", tmp_path, "leave-one-patient-out", n_steps=1, device="cpu")
    reports, evaluation = carry_out(order)
    assert {report.stage for report in reports} >= {"fold 1 of 3, preparing", "fold 3 of 3, training"}
    assert evaluation.events["each seizure"].total.n_reference == 3
    # Windows of 4 s every 2 s.
    assert evaluation.windows.confusion.sum() == 3 * 7


def test_training_in_folds_needs_patients_to_calibrate_on(tmp_path):
    for seed in (1, 2):
        write_infant(tmp_path, seed, (5.0,), (5.0,), duration_s=10.0)
    with pytest.raises(TrainingError, match="needs three patients"):
        result_of(EvaluationOrder("iess-fusionnet", tmp_path, "leave-one-patient-out", n_steps=2))


def test_nights_are_judged_by_their_scored_epochs(tmp_path, untrained_packages):
    write_night(tmp_path, "SC4001", ["W", "S1", "S2", "M", "?"])
    write_night(tmp_path, "SC4012", ["S4", "R", "W"])
    package = untrained_packages["sleep-staging"].folder
    evaluation = result_of(EvaluationOrder("sleep-staging", tmp_path, "all", package=package))
    assert evaluation.windows.classes == ("W", "N1", "N2", "N3", "R")
    assert UNSCORED not in evaluation.windows.classes
    assert evaluation.windows.confusion.sum(axis=1).tolist() == [2, 1, 1, 1, 1]
    assert evaluation.windows.n_patients == 2


def test_the_record_names_seed_command_and_package_and_stands_beside_the_paper(infants, burst_package, tmp_path):
    command = "spasmlens evaluate iess-fusionnet --data infants --protocol all --seed 5"
    order = EvaluationOrder("iess-fusionnet", infants, "all", package=burst_package, seed=5, command=command)
    evaluation = result_of(order)
    table, record = write_evaluation(evaluation, tmp_path / "results")
    assert table.name == "evaluation_iess-fusionnet_simulated_all.md"
    fields = json.loads(record.read_text())
    assert (fields["seed"], fields["command"]) == (5, command)
    assert fields["package"]["digest"] == evaluation.package.reference.digest
    assert fields["events"]["each spasm"]["found"] == 3
    assert fields["windows"]["figures"]["accuracy"]["value"] == round(evaluation.windows.figures["accuracy"].value, 4)
    page = table.read_text()
    assert f"`{command}`" in page
    assert "Seed 5" in page
    assert "| paper, % (its own patients) |" in page
    assert "| Acc |" in page
    assert "| 89.50 |" in page
    assert "simulated data" in page


@pytest.mark.parametrize(
    ("network", "protocol", "sentence"),
    [
        ("iess-fusionnet", "all", "IESS-FusionNet needs recordings in which epileptic spasms are marked, .* CHB-MIT"),
        ("focus-localisation", "10-fold", "it fits Bonn, Bern-Barcelona"),
        ("sleep-staging", "10-fold", "it fits Sleep-EDF, .*BIDS-EEG"),
        ("dsmn-ess", "twice", "no protocol twice"),
        ("no-network", "10-fold", "no network no-network"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(tmp_path, network, protocol, sentence, burst_package):
    package = burst_package if network == "iess-fusionnet" else None
    with pytest.raises(TrainingError, match=sentence):
        result_of(EvaluationOrder(network, write_chb_mit(tmp_path), protocol, package=package))


def test_a_corpus_without_a_single_event_of_the_kind_is_refused(tmp_path, burst_package):
    write_infant(tmp_path, 3, (), (), duration_s=10.0)
    with pytest.raises(LabelError, match="no event of its 1 recordings is called a spasm"):
        result_of(EvaluationOrder("iess-fusionnet", tmp_path, "all", package=burst_package))


def test_an_event_beyond_the_end_of_its_recording_leaves_that_recording_out(infants, burst_package, tmp_path):
    for path in infants.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    truth = tmp_path / "infant-0001_truth.tsv"
    truth.write_text(truth.read_text().replace("30.000\t", "300.000\t"))
    evaluation = result_of(EvaluationOrder("iess-fusionnet", tmp_path, "all", package=burst_package))
    assert evaluation.n_asked == 2
    assert any("would end at 301 s; it lasts 60 s" in problem for problem in evaluation.problems)


def test_a_package_of_another_network_or_none_at_all_is_refused(infants, burst_package, tmp_path):
    with pytest.raises(TrainingError, match="is a package of iess-fusionnet, not of dsmn-ess"):
        result_of(EvaluationOrder("dsmn-ess", infants, "all", package=burst_package))
    with pytest.raises(ModelPackageError, match="is not a model package"):
        result_of(EvaluationOrder("iess-fusionnet", infants, "all", package=tmp_path))


def test_folds_too_small_to_tell_patients_apart_are_refused(segments):
    for path in (segments / "bonn").glob("?00[456].*"):
        path.unlink()
    with pytest.raises(TrainingError, match="needs more than 5 channels"):
        result_of(EvaluationOrder("focus-localisation", segments / "bonn", "10-fold", n_folds=2, n_steps=1))


def test_no_patient_can_be_left_out_of_a_corpus_that_names_none(segments):
    with pytest.raises(TrainingError, match="Bonn names no patients, so none can be left out"):
        result_of(EvaluationOrder("focus-localisation", segments / "bonn", "leave-one-patient-out"))
