"""The shipped network on a simulated patient that its training never saw; prints what it finds."""

from tests.benchmarks.held_out_patients import measure


def test_the_shipped_network_finds_most_spasms_of_a_held_out_patient_with_few_false_detections(capsys):
    with capsys.disabled():
        print()
        (score,) = measure(n_patients=1, minutes=5.0)
    assert score.full.n_reference >= 10
    assert score.full.sensitivity >= 0.8
    assert score.full.n_false <= 6.0 * score.full.duration_s / 3600 or score.full.n_false == 0
