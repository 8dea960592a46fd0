"""Prints how the shipped IESS-FusionNet does on simulated patients that its training never saw.

``python -m tests.benchmarks.held_out_patients [--patients N] [--minutes M]`` runs the shipped package through the
runtime, as a user would, with every channel and as a routine scalp EEG of 19 electrodes without EMG.
"""

import argparse

from inference.labels.scoring import Score
from inference.runtime.registry import SHIPPED_FOLDER
from inference.training.evaluation import pool
from inference.training.iess_fusionnet import NAME, HeldOutScore, Recipe, held_out_seeds, score_held_out

FOLDER = SHIPPED_FOLDER / NAME
CONDITIONS = ("25 EEG + 4 EMG", "19 EEG, no EMG")


def measure(n_patients: int, minutes: float) -> list[HeldOutScore]:
    """Score the shipped package on held-out patients, printing each."""
    scores = []
    for seed in held_out_seeds(Recipe(n_test=n_patients)):
        scores.append(score_held_out(FOLDER, seed, minutes))
        print_scores(f"patient {seed}", scores[-1].full, scores[-1].scalp_only)
    return scores


def print_scores(title: str, *scores: Score) -> None:
    """Print one line for each condition."""
    for condition, score in zip(CONDITIONS, scores, strict=True):
        print_score(f"{title}, {condition}", score)


def print_score(title: str, score: Score) -> None:
    """Print what was found, what was missed and what was false."""
    share = "-" if score.sensitivity is None else f"{100 * score.sensitivity:.1f} %"
    print(
        f"{title}: {score.n_found} of {score.n_reference} spasms ({share}), "
        f"{score.n_false} false detections ({score.false_per_hour:.1f} an hour)",
        flush=True,
    )


def main() -> None:
    """Measure and print patient by patient, then all together."""
    recipe = Recipe()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=recipe.n_test)
    parser.add_argument("--minutes", type=float, default=recipe.test_minutes)
    args = parser.parse_args()
    scores = measure(args.patients, args.minutes)
    print_scores("together", pool([score.full for score in scores]), pool([score.scalp_only for score in scores]))


if __name__ == "__main__":
    main()
