"""The shipped network on a simulated patient that its training never saw; prints what it finds."""

from inference.runtime.package import open_package
from inference.simulate import simulate_infant
from inference.training.evaluation import score_package
from inference.training.iess_fusionnet import TEST_RATE_HZ, Recipe, held_out_seeds
from tests.benchmarks.held_out_patients import FOLDER, print_score


def test_the_shipped_network_finds_most_spasms_of_a_held_out_patient_with_few_false_detections(capsys):
    seed = held_out_seeds(Recipe())[0]
    package = open_package(FOLDER)
    assert not package.card.training["training_seeds"][0] <= seed <= package.card.training["validation_seeds"][1]
    case = simulate_infant(seed, 600.0, TEST_RATE_HZ)
    score = score_package(package, case.recording, case.truth)
    with capsys.disabled():
        print()
        print_score(f"held-out patient {seed}, 25 EEG + 4 EMG", score)
    assert score.sensitivity >= 0.95
    assert score.false_per_hour <= 12.0
