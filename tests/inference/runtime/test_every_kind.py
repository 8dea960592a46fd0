"""Networks of every kind over a recording, against what the torch network says of the same prepared signals."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.errors import AnalysisError
from inference.labels.hypnogram_formats import read_hypnogram
from inference.labels.sleep_stages import UNSCORED
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Gap
from inference.runtime.analysis import AnalysisRequest, analyze
from inference.runtime.channel_inputs import ChannelPreparer
from inference.runtime.inputs import InputPreparer, plan_channels
from inference.runtime.outputs import write_outputs
from inference.runtime.registry import choose_packages, survey_packages
from inference.runtime.sleep_inputs import BoldSignals, SleepPreparer
from tests.inference.runtime.networks import FOCUS_INPUTS, SLEEP_INPUTS, calibrated_networks
from tests.inference.runtime.packages import make_burst_package
from tests.inference.runtime.patients import eeg, make_patient, only_muscles

DURATION_S = 125.0
BURSTS_S = (20.0, 41.5)


@pytest.fixture(scope="module")
def recording():
    return make_patient(DURATION_S, bursts_s=BURSTS_S, gaps=(Gap(70.0, 3.0),))


@pytest.fixture(scope="module")
def packages(tmp_path_factory, untrained_packages):
    spasm = make_burst_package(tmp_path_factory.mktemp("models"))
    return {spasm.card.name: spasm, **untrained_packages}


@pytest.fixture(scope="module")
def results(recording, packages):
    return analyse(recording, *packages.values())


def analyse(recording, *packages, bold=None):
    updates = analyze(AnalysisRequest(recording, packages, "cpu", bold), lambda: False)
    return {update.result.reference.name: update.result for update in updates if update.result}


def say(name, *inputs):
    with torch.no_grad():
        given = calibrated_networks()[name](*(torch.from_numpy(np.ascontiguousarray(x)) for x in inputs))
    return [tensor.numpy() for tensor in (given if isinstance(given, tuple) else (given,))]


def bold_signals(n_volumes=60, onset_s=0.0):
    return BoldSignals(np.random.default_rng(8).normal(size=(n_volumes, 100)), onset_s, 2.1)


def test_syndromes_seizures_and_channel_weights_are_what_the_network_says(recording, packages, results):
    result, spec = results["dsmn-ess"], packages["dsmn-ess"].card.inputs
    seizure, syndrome = result.answers
    assert (seizure.task, seizure.columns, syndrome.task) == ("seizure", (), "syndrome")
    preparer = InputPreparer(recording, plan_channels(recording.channels, spec), spec)
    window = preparer.read(28.0, 4.0).eeg[None]
    syndromes, states, weights = say("dsmn-ess", window, preparer.plan.eeg_present[None])
    at = int(np.flatnonzero(seizure.time_s == 30.0)[0])
    np.testing.assert_allclose(syndrome.probability[at], syndromes[0], atol=1e-4)
    np.testing.assert_allclose(seizure.probability[at], states[0, 1], atol=1e-4)
    (measure,) = result.measures
    assert measure.columns == spec.eeg_electrodes
    np.testing.assert_allclose(measure.values[at], weights[0], atol=1e-4)


def test_the_syndrome_of_a_recording_is_the_mean_over_its_windows(results):
    syndrome = results["dsmn-ess"].answers[1]
    assert np.isnan(syndrome.probability[syndrome.time_s == 72.0]).all()
    np.testing.assert_allclose(syndrome.overall, np.nanmean(syndrome.probability, axis=0), atol=1e-6)
    assert syndrome.overall.sum() == pytest.approx(1.0, abs=1e-5)


def test_every_channel_has_its_own_probability_of_the_focus(recording, results):
    result = results["focus-localisation"]
    (focus,) = result.answers
    assert focus.columns == result.channels_used == tuple(c.name for c in recording.channels if c.kind == "eeg")
    prepared = ChannelPreparer(recording, FOCUS_INPUTS).read(38.0, 4.0)
    at = int(np.flatnonzero(focus.time_s == 40.0)[0])
    (expected,) = say("focus-localisation", prepared.signals)
    np.testing.assert_allclose(focus.probability[at], expected[:, 1], atol=1e-4)
    assert np.ptp(expected[:, 1]) > 1e-3


def test_the_focus_of_a_recording_is_the_mean_log_odds_of_each_channel(results):
    (focus,) = results["focus-localisation"].answers
    odds = focus.probability.astype(np.float64) / (1 - focus.probability)
    mean = np.nanmean(np.log(odds), axis=0)
    np.testing.assert_allclose(focus.overall, 1 / (1 + np.exp(-mean)), atol=1e-5)


def test_channels_with_gaps_of_their_own_are_judged_where_they_have_signal(packages):
    rng = np.random.default_rng(3)
    signals = [rng.normal(size=256 * 20) for _ in range(2)]
    signals[1][256 * 10 :] = np.nan
    result = analyse(ArrayRecording([eeg("C3"), eeg("C4")], signals), packages["focus-localisation"])
    (focus,) = result["focus-localisation"].answers
    known = np.isfinite(focus.probability)
    assert focus.time_s[known[:, 0]].tolist() == [2, 4, 6, 8, 10, 12, 14, 16, 18]
    assert focus.time_s[known[:, 1]].tolist() == [2, 4, 6, 8]


def test_sleep_is_staged_from_the_eeg_alone_epoch_by_epoch(recording, results):
    result = results["sleep-staging"]
    (stage,) = result.answers
    assert stage.time_s.tolist() == [15.0, 45.0, 75.0, 105.0]
    inputs = SleepPreparer(recording, SLEEP_INPUTS).gather(0, 4)
    expected = say("sleep-staging", *(inputs[name] for name in SLEEP_INPUTS.shapes))[0]
    np.testing.assert_allclose(stage.probability[[0, 1, 3]], expected[[0, 1, 3]], atol=1e-4)
    assert np.isnan(stage.probability[2]).all()
    stages = [stage.columns[row.argmax()] for row in expected]
    assert result.hypnogram.stages == (stages[0], stages[1], UNSCORED, stages[3])
    assert stage.overall.sum() == pytest.approx(1.0)


def test_fmri_beside_the_eeg_is_looked_at_where_it_was_recorded(recording, packages, results):
    bold = bold_signals(onset_s=30.0, n_volumes=15)
    (stage,) = analyse(recording, packages["sleep-staging"], bold=bold)["sleep-staging"].answers
    inputs = SleepPreparer(recording, SLEEP_INPUTS, bold=bold).gather(0, 4)
    expected = say("sleep-staging", *(inputs[name] for name in SLEEP_INPUTS.shapes))[0]
    np.testing.assert_allclose(stage.probability[[0, 1, 3]], expected[[0, 1, 3]], atol=1e-4)
    (alone,) = results["sleep-staging"].answers
    changed = np.abs(stage.probability - alone.probability).max(axis=1) > 1e-6
    assert changed[[0, 1, 3]].tolist() == [False, True, False]


def test_sleep_is_staged_from_fmri_alone(packages):
    result = analyse(only_muscles(65.0), packages["sleep-staging"], bold=bold_signals())["sleep-staging"]
    assert result.channels_used == ()
    assert np.isfinite(result.probability).all()


def test_few_electrodes_are_enough_for_sleep_and_their_number_is_told(packages):
    result = analyse(make_patient(65.0, electrodes=("C3", "C4", "O1")), packages["sleep-staging"])["sleep-staging"]
    assert result.problems[0].startswith("With 3 scalp electrodes")
    assert "Only 3 of the network's 19 electrodes: expect less of it." in result.problems
    assert UNSCORED not in result.hypnogram.stages


def test_what_a_network_cannot_look_at_is_one_sentence(packages):
    for name, sentence in (
        ("focus-localisation", "Focus-Localisation cannot be run on array: it has no EEG channel."),
        ("sleep-staging", "Sleep-Staging cannot be run on array: it has no EEG channel named after a 10-20 electrode."),
    ):
        with pytest.raises(AnalysisError, match=sentence):
            analyse(only_muscles(65.0), packages[name])
    with pytest.raises(AnalysisError, match="it is shorter than 30 s"):
        analyse(make_patient(20.0), packages["sleep-staging"])


def test_results_are_the_same_at_any_pace(recording, packages, results, monkeypatch):
    monkeypatch.setattr("inference.runtime.montage_run.PART_S", 7.0)
    monkeypatch.setattr("inference.runtime.channel_run.PART_S", 33.0)
    monkeypatch.setattr("inference.runtime.sleep_run.PART_S", 60.0)
    monkeypatch.setattr("inference.runtime.session._FLOPS_AT_ONCE", 1e12)
    theirs = analyse(recording, *packages.values())
    for name, ours in results.items():
        for one, other in zip(ours.answers, theirs[name].answers, strict=True):
            np.testing.assert_allclose(one.probability, other.probability, atol=1e-5)


def test_only_networks_with_an_event_rule_tell_events_while_they_run(recording, packages, monkeypatch):
    monkeypatch.setattr("inference.runtime.analysis._UPDATE_INTERVAL_S", 0.0)
    told = dict.fromkeys(packages, 0)
    shares = {name: [] for name in packages}
    for update in analyze(AnalysisRequest(recording, tuple(packages.values()), "cpu"), lambda: False):
        told[update.model_name] += len(update.time_s)
        shares[update.model_name].append(update.done_s / update.total_s)
    assert {name for name, n_times in told.items() if n_times} == {"burst-finder", "dsmn-ess"}
    for done in shares.values():
        assert done == sorted(done)
        assert done[-1] == 1.0


def test_outputs_of_all_networks_are_what_other_programs_read(recording, packages, results, tmp_path):
    recording.path = tmp_path / "night.edf"
    summary = write_outputs(recording, list(packages.values()), list(results.values()), tmp_path)
    names = [path.rpartition("desc-spasmlens_")[2] for path in summary["outputs"]]
    assert names == ["events.tsv", "probabilities.npz", "hypnogram.tsv", "summary.json"]
    events, probabilities, hypnogram, stored = summary["outputs"]
    assert json.loads(Path(stored).read_text()) == summary
    types = {line.split("\t")[2] for line in Path(events).read_text().splitlines()[1:]}
    assert types == {"sz_uo_m_spasms", "sz"}
    with np.load(probabilities) as arrays:
        assert arrays["seizure_probability"].shape == arrays["seizure_time_s"].shape
        assert arrays["syndrome_probability"].shape == (len(arrays["syndrome_time_s"]), 6)
        assert arrays["syndrome_classes"].tolist() == ["EIEE", "WEST", "CAE", "FS+", "BECT", "CSWS"]
        assert arrays["channel_weights"].shape == (len(arrays["channel_weights_time_s"]), 21)
        assert arrays["focus_probability"].shape == (len(arrays["focus_time_s"]), len(arrays["focus_channels"]))
        assert arrays["focus_overall"].shape == arrays["focus_channels"].shape
        assert arrays["sleep_stage_probability"].shape == (4, 5)
        assert arrays["sleep_stage_classes"].tolist() == ["W", "N1", "N2", "N3", "R"]
    read = read_hypnogram(tmp_path / "night_desc-spasmlens_hypnogram.tsv")
    assert hypnogram == str(tmp_path / "night_desc-spasmlens_hypnogram.tsv")
    assert read.stages == results["sleep-staging"].hypnogram.stages
    assert read.scorer == "sleep-staging 0.0.0"


def test_the_summary_says_what_each_network_gave(recording, packages, results, tmp_path):
    recording.path = tmp_path / "night.edf"
    models = write_outputs(recording, list(packages.values()), list(results.values()), tmp_path)["models"]
    for model in models.values():
        assert {"version", "provider", "channels_used", "channels_missing", "events", "seconds"} <= set(model)
    assert sum(models["dsmn-ess"]["overall"]["syndrome"].values()) == pytest.approx(1.0, abs=1e-3)
    assert set(models["focus-localisation"]["overall"]["focus"]) == set(results["focus-localisation"].channels_used)
    assert sum(models["sleep-staging"]["stage_minutes"].values()) == 1.5
    assert [models[name]["events"] for name in packages] == [2, 2, 0, 0]
    assert models["burst-finder"]["overall"] == {}


def test_no_table_of_events_is_written_where_no_network_looked_for_any(recording, packages, results, tmp_path):
    recording.path = tmp_path / "night.edf"
    result = results["sleep-staging"]
    write_outputs(recording, [packages["sleep-staging"]], [result], tmp_path)
    assert not list(tmp_path.glob("*events.tsv"))
    assert len(list(tmp_path.glob("*hypnogram.tsv"))) == 1


def test_networks_run_spasms_first_whatever_they_are_called(packages, tmp_path):
    for package in packages.values():
        (tmp_path / package.card.name).symlink_to(package.folder)
    survey = survey_packages(tmp_path)
    order = ["burst-finder", "dsmn-ess", "focus-localisation", "sleep-staging"]
    assert survey.problems == ()
    assert [package.card.name for package in choose_packages(survey.packages, [])] == order
