import numpy as np
import pytest

from inference.simulate.course import CLUSTERED_SHARE, SPASM_INTERVAL_S, Scenario, State, plan_course

COURSES = [plan_course(seed, 3600.0, Scenario()) for seed in range(30)]


def clusters():
    for course in COURSES:
        for number in {spasm.cluster for spasm in course.spasms} - {None}:
            yield course, [spasm for spasm in course.spasms if spasm.cluster == number]


def test_spasms_of_a_cluster_come_every_5_to_10_seconds():
    for _, spasms in clusters():
        intervals_s = np.diff([spasm.onset_s for spasm in spasms])
        assert np.all((intervals_s >= SPASM_INTERVAL_S[0] - 1e-9) & (intervals_s <= SPASM_INTERVAL_S[1] + 1e-9))


def test_intensity_and_rate_rise_and_fall_within_a_cluster():
    whole = [spasms for _, spasms in clusters() if len(spasms) >= 30]
    assert whole

    def thirds(values):
        return np.mean([[part.mean() for part in np.array_split(np.asarray(v), 3)] for v in values], axis=0)

    strength = thirds([[spasm.intensity for spasm in spasms] for spasms in whole])
    interval_s = thirds([np.diff([spasm.onset_s for spasm in spasms]) for spasms in whole])
    assert strength[1] > strength[0] + 0.1
    assert strength[1] > strength[2] + 0.1
    assert interval_s[1] < interval_s[0]
    assert interval_s[1] < interval_s[2]


def test_clusters_begin_shortly_after_waking():
    for course, spasms in clusters():
        if spasms[0].onset_s < 60.0:
            continue  # it may have begun before the recording
        waking_s = max(
            spell.onset_s
            for spell in course.spells
            if spell.state is State.AWAKE and spell.onset_s <= spasms[0].onset_s
        )
        assert spasms[0].onset_s - waking_s <= 40.0


def test_most_spasms_come_in_clusters_and_some_alone():
    alone = np.mean([spasm.cluster is None for course in COURSES for spasm in course.spasms])
    assert 0.05 < alone <= 1.0 - CLUSTERED_SHARE + 0.05


def test_spasms_never_come_closer_than_within_a_cluster():
    for course in COURSES:
        assert np.diff([spasm.onset_s for spasm in course.spasms]).min() >= SPASM_INTERVAL_S[0] - 1e-9


def test_a_longer_course_begins_as_a_shorter_one():
    short, long = plan_course(5, 300.0, Scenario()), plan_course(5, 900.0, Scenario())
    assert long.spasms[: len(short.spasms)] == short.spasms
    assert long.spells[: len(short.spells)] == short.spells


def test_states_pass_into_each_other_and_add_up_to_one():
    time_s = np.arange(0.0, 3600.0, 0.5)
    weights = [COURSES[0].weights(state, time_s) for state in State]
    np.testing.assert_allclose(np.sum(weights, axis=0), 1.0, atol=1e-6)
    assert all(w.max() == pytest.approx(1.0) for w in weights[:2])


def test_a_dense_scenario_shows_sleep_waking_and_a_cluster_in_minutes():
    courses = [plan_course(seed, 420.0, Scenario.dense()) for seed in range(20)]
    assert np.mean([{State.AWAKE, State.NREM} <= {spell.state for spell in course.spells} for course in courses]) > 0.9
    assert np.mean([len(course.spasms) > 5 for course in courses]) > 0.9


def test_a_scenario_without_spasms_has_none():
    assert plan_course(1, 3600.0, Scenario(with_spasms=False)).spasms == ()
