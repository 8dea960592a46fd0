"""The sleepers that sleep staging is measured on: all signals simulated, one cohort on the stages of real people."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.labels.hypnogram_formats.ds003768 import read_ds003768
from inference.labels.sleep_stages import UNSCORED
from inference.runtime.sleep_inputs import BoldSignals
from inference.simulate.sleep.night import simulate_sleep
from inference.simulate.sleep.patients import Setting, draw_sleeper
from inference.simulate.sleep.stages import NIGHT, NIGHT_EPOCHS, draw_stages
from inference.training.sleep_sessions import (
    SleepSession,
    bold_run,
    find_session,
    keep_session,
    prepare_session,
)
from inference.training.sleep_staging import RATE_HZ

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SPASMLENS_TEST_DATA", ROOT.parent / "shared" / "data"))
#: Seeds that no recipe trains, validates or tests on.
FIRST_SEED = 500_000
N_NIGHTS, NIGHT_STRETCH_EPOCHS = 24, 40
#: As many subjects as the paper's folds, each with its first two sleep sessions of 15 min; two of them have none.
N_SUBJECTS, N_SESSIONS = 23, 2
#: Epochs between what is trained on and what is tested within a subject: no epoch's context reaches across.
GAP_EPOCHS = 4


@dataclass(frozen=True)
class Split:
    """Which epochs of each session are trained on, and which are tested."""

    train: list[NDArray[np.int64]]
    test: list[NDArray[np.int64]]


def nights(work: Path, *, aligned: bool = True) -> list[SleepSession]:
    """Give stretches of 20 minutes from the nights of 24 simulated adults in the scanner."""
    sessions = []
    for seed in range(FIRST_SEED, FIRST_SEED + N_NIGHTS):
        rng = np.random.default_rng(seed)
        first = int(rng.integers(NIGHT_EPOCHS - NIGHT_STRETCH_EPOCHS))
        stages = draw_stages(rng, NIGHT_STRETCH_EPOCHS, NIGHT, first_epoch=first, of_epochs=NIGHT_EPOCHS)
        sessions.append(_session(work, seed, stages, subject=str(seed), aligned=aligned))
    return sessions


def naps(work: Path, *, aligned: bool = True) -> list[SleepSession]:
    """Give simulated adults who sleep exactly as subjects of ds003768 did, in two sessions each.

    An epoch that its scorers left open is simulated as the one before it and takes no part.
    """
    sessions = []
    paths = sorted((DATA / "ds003768" / "sourcedata").glob("sub-*-sleep-stage.tsv"))
    for index, path in enumerate(paths[:N_SUBJECTS]):
        named = {name: hypnogram for name, hypnogram in read_ds003768(path).items() if "sleep" in name}
        for number, hypnogram in enumerate(list(named.values())[:N_SESSIONS]):
            seed = FIRST_SEED + 1000 + index
            sessions.append(
                _session(work, seed, hypnogram.stages, subject=path.stem[:6], session=number, aligned=aligned)
            )
    return sessions


def _session(
    work: Path, seed: int, stages: tuple[str, ...], *, subject: str, session: int = 0, aligned: bool = True
) -> SleepSession:
    made_from = {"seed": seed, "session": session, "stages": stages, "aligned": aligned, "rate_hz": RATE_HZ}
    folder = work / f"{seed}-{session}-{'aligned' if aligned else 'plain'}"
    if (kept := find_session(folder, made_from)) is not None:
        return kept
    slept = list(stages)
    for epoch, stage in enumerate(slept):
        if stage == UNSCORED:
            slept[epoch] = slept[epoch - 1] if epoch else "W"
    patient = draw_sleeper(seed, Setting.SCANNER)
    case = simulate_sleep(seed, 0.0, RATE_HZ, stages=slept, session=session, patient=patient)
    assert case.bold is not None
    run = bold_run(BoldSignals(case.bold.series, case.bold.onset_s, case.bold.tr_s))
    made = prepare_session(subject, case.recording, stages, run, aligned=aligned)
    keep_session(folder, made, made_from)
    return made


COHORTS: Mapping[str, Callable[..., list[SleepSession]]] = {"nights": nights, "naps": naps}


def cross_subject(sessions: list[SleepSession], n_folds: int, seed: int) -> Iterator[Split]:
    """Yield folds by subject."""
    subjects = sorted({session.subject for session in sessions})
    order = np.random.default_rng(seed).permutation(len(subjects))
    nothing = np.zeros(0, dtype=np.int64)
    for fold in range(n_folds):
        held_out = {subjects[i] for i in order[fold::n_folds]}
        yield Split(
            [nothing if s.subject in held_out else s.scored for s in sessions],
            [s.scored if s.subject in held_out else nothing for s in sessions],
        )


def within_subject(sessions: list[SleepSession]) -> Iterator[Split]:
    """Yield two folds in which each half of every session is tested once, with a gap before what is trained on."""
    for first_half in (True, False):
        train, test = [], []
        for session in sessions:
            middle = len(session.stage) // 2
            scored = session.scored
            before, after = scored[scored < middle], scored[scored >= middle]
            if first_half:
                test.append(before)
                train.append(after[after >= middle + GAP_EPOCHS])
            else:
                test.append(after)
                train.append(before[before < middle - GAP_EPOCHS])
        yield Split(train, test)
