"""Edits that were acknowledged are there after the process was killed, however it was killed."""

import random
import subprocess
import sys
import time
from pathlib import Path

from app.study.opening import open_study
from tests.app.study.conftest import FINGERPRINT

REPOSITORY = Path(__file__).parents[3]
N_KILLS = 24

_EDIT = """
import sys
from pathlib import Path
from app.study.study import Study
study = Study.open(Path("night.edf"), sys.argv[2], Path(sys.argv[1]), "reader")
study.saved.connect(lambda sequence: print(sequence, flush=True))
onset_s = 0.0
while True:
    for _ in range(3):
        onset_s += 1.0
        added = study.add(onset_s, 0.5, "spasm")
        study.move(added, onset_s + 0.1, 0.7)
    study.undo()
    study.flush()
"""


def kill_while_editing(folder, delay_s):
    """Let a process edit for a moment, kill it, and give the last edit that it had acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-c", _EDIT, folder, FINGERPRINT], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    with process:
        first = process.stdout.readline()
        assert first, "the editing process did not start"
        time.sleep(delay_s)
        process.kill()
        lines = [first, *process.stdout.read().splitlines(keepends=True)]
    return max(int(line) for line in lines if line.endswith("\n"))


def test_no_acknowledged_edit_is_lost_when_the_process_is_killed(tmp_path):
    chance = random.Random(5)
    acknowledged = 0
    for _ in range(N_KILLS):
        last = kill_while_editing(tmp_path / "study", chance.uniform(0.0, 0.05))
        assert last > acknowledged
        acknowledged = last
        opened = open_study(Path("night.edf"), FINGERPRINT, tmp_path / "study")
        opened.store.close()
        assert len(opened.ledger.entries) >= acknowledged
        acknowledged = len(opened.ledger.entries)
