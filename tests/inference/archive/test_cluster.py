"""A real scheduler and two real workers, each a process of its own, as a hospital's cluster would have them."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass

import pytest

from inference.archive.analysing import ArchiveOrder, analyze_item
from inference.archive.cluster import analyze_on_cluster
from inference.archive.finding import find_items
from inference.errors import AnalysisError
from inference.runtime.registry import shipped_packages
from tests.inference.archive.recordings import write_edf
from tests.inference.runtime.patients import make_patient

N_RECORDINGS = 6
_START_S = 60.0


@dataclass
class Cluster:
    address: str
    workers: list


@pytest.fixture
def cluster(tmp_path):
    place = tmp_path / "scheduler.json"
    flags = ["--scheduler-file", str(place), "--no-dashboard"]
    programs = [start("scheduler", "--host", "127.0.0.1", "--port", "0", *flags)]
    try:
        wait_until(place.exists)
        work = ["--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path)]
        programs += [start("worker", *flags, *work) for _ in range(2)]
        address = json.loads(place.read_text())["address"]
        wait_until(lambda: count_workers(address) == 2)
        yield Cluster(address.removeprefix("tcp://"), programs[1:])
    finally:
        for program in programs:
            program.kill()
            program.wait()


def start(part, *words):
    command = [sys.executable, "-m", f"distributed.cli.dask_{part}", *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def count_workers(address):
    from distributed import Client

    with Client(address, timeout=_START_S) as client:
        return len(client.scheduler_info()["workers"])


def wait_until(is_there):
    give_up = time.monotonic() + _START_S
    while not is_there():
        assert time.monotonic() < give_up, "the cluster did not start"
        time.sleep(0.2)


@pytest.fixture
def order():
    return ArchiveOrder(tuple(package for package in shipped_packages() if package.card.task == "spasm"), "cpu")


def test_a_worker_that_is_killed_half_way_loses_nothing_and_nothing_counts_twice(tmp_path, cluster, order):
    archive = tmp_path / "archive"
    for number in range(N_RECORDINGS):
        write_edf(archive / f"night-{number}.edf", make_patient(30.0, bursts_s=(10.0 + number,)))
    (archive / "broken.edf").write_text("hello")
    items, _ = find_items([archive], tmp_path / "out")
    outcomes = []
    for outcome in analyze_on_cluster(items, order, cluster.address):
        if not outcomes:
            cluster.workers[0].send_signal(signal.SIGKILL)
        outcomes.append(outcome)
    assert Counter(outcome.item for outcome in outcomes) == Counter(items)
    (failed,) = (outcome for outcome in outcomes if outcome.failure)
    assert failed.item.name == "broken.edf"
    assert all((tmp_path / "out" / f"night-{n}_desc-spasmlens_summary.json").is_file() for n in range(N_RECORDINGS))
    # The same command on this machine alone finds everything done, and the same.
    for item in items:
        if item.name != "broken.edf":
            steps = analyze_item(item, order)
            with pytest.raises(StopIteration) as end:
                next(steps)
            assert end.value.value.is_old


def test_a_scheduler_that_does_not_answer_is_told_in_a_sentence(order, monkeypatch):
    monkeypatch.setattr("inference.archive.cluster._CONNECT_S", 0.5)
    with pytest.raises(AnalysisError, match=r"No Dask scheduler answers at 127\.0\.0\.1:9"):
        next(analyze_on_cluster((), order, "127.0.0.1:9"))
