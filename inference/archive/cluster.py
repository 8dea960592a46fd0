"""An archive on many machines: each recording a task of a Dask cluster that is already there.

Recordings and results must lie where every worker sees them under the same path, such as a network drive, and every
worker must have the same Spasmlens and model packages. A worker that dies loses nothing: the cluster gives its
recording to another one, and results are written whole or not at all, so that what was analysed twice is there once.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from inference.archive.analysing import ArchiveOrder, Outcome, analyze_item, choose_by_digest, fail
from inference.archive.finding import ArchiveItem
from inference.errors import AnalysisError
from inference.runtime.registry import survey_packages

#: A fault that is not the recording's, such as a machine short of memory, may not be there the next time.
N_RETRIES = 2
_CONNECT_S = 10.0


def analyze_on_cluster(items: Sequence[ArchiveItem], order: ArchiveOrder, address: str) -> Iterator[Outcome]:
    """Analyse recordings on the cluster whose scheduler listens at ``host:port``; outcomes come as they end.

    Raises
    ------
    AnalysisError
        Dask is not installed, no scheduler answers, it has no worker, or it was lost.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise AnalysisError("Dask is not installed: pip install 'spasmlens[cluster]'.") from error
    # It tells of a lost connection itself, at length.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    client = _connect(Client, address)
    try:
        digests, bare = [package.reference.digest for package in order.packages], replace(order, packages=())
        # Not pure: results are files, and a recording may be another one under the same name the next time.
        orders = [_as_seen_from_anywhere(item) for item in items]
        futures = client.map(analyze_here, orders, digests=digests, order=bare, pure=False, retries=N_RETRIES)
        of_future = dict(zip(futures, items, strict=True))
        for future in as_completed(futures):
            if future.status not in ("finished", "error"):
                raise ConnectionError(future.status)
            item, fault = of_future[future], future.exception()
            yield replace(future.result(), item=item) if fault is None else fail(item, _tell(item, fault))
    except (OSError, TimeoutError) as error:
        raise AnalysisError(f"The cluster at {address} was lost: run the same command again to go on.") from error
    finally:
        client.close()


def analyze_here(item: ArchiveItem, digests: Sequence[str], order: ArchiveOrder) -> Outcome:
    """Analyse a recording on the machine that this runs on, with its own copies of the networks: what a worker does."""
    try:
        packages = choose_by_digest(survey_packages().packages, digests)
    except AnalysisError as error:
        return fail(item, f"{item.path} was not analysed: {error}")
    steps = analyze_item(item, replace(order, packages=packages))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome


def _as_seen_from_anywhere(item: ArchiveItem) -> ArchiveItem:
    return replace(item, path=item.path.absolute(), folder=item.folder.absolute())


def _connect(client_class: Any, address: str) -> Any:
    try:
        client = client_class(address, timeout=_CONNECT_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise AnalysisError(f"No Dask scheduler answers at {address}.") from error
    if not client.scheduler_info()["workers"]:
        client.close()
        raise AnalysisError(f"The cluster at {address} has no worker.")
    return client


def _tell(item: ArchiveItem, fault: BaseException) -> str:
    said = str(fault).strip().splitlines()
    cause = said[0].rstrip(".") if said else type(fault).__name__
    return f"{item.path} was not analysed, also not in another {N_RETRIES} attempts: {cause}."
