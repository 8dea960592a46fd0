"""One network at work on one recording, part by part: what is the same for networks of every kind."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError
from inference.recordings.recording import Recording
from inference.runtime.channel_plan import ChannelPlan


@dataclass(frozen=True, slots=True)
class ChannelUse:
    """Which channels of the recording a network saw, and which electrodes it did not or only by estimate."""

    used: tuple[str, ...]
    missing: tuple[str, ...] = ()
    interpolated: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a network said about some times.

    Attributes
    ----------
    indices : (n,) which of the network's times, ascending.
    values : by the name of the output, (n, columns) float32; NaN where there was nothing whole to look at.
    """

    indices: NDArray[np.int64]
    values: dict[str, NDArray[np.float32]]


class RunningNetwork(Protocol):
    """A network that is loaded, whole or in its two parts."""

    @property
    def provider(self) -> str:
        """Where it runs, ``"cpu"`` or ``"cuda"``."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Why it does not run where it was asked to."""


class NetworkRun(ABC):
    """A network that is asked about parts of a recording, in any order and from any thread.

    Making one prepares everything and may fail with a sentence. What it says about a part depends on the recording and
    on that part alone.

    Attributes
    ----------
    channels : what of the recording it sees.
    """

    channels: ChannelUse
    _session: RunningNetwork

    @property
    def provider(self) -> str:
        """Where the network runs, ``"cpu"`` or ``"cuda"``."""
        return self._session.provider

    @property
    def problems(self) -> tuple[str, ...]:
        """Why it does not run where it was asked to."""
        return self._session.problems

    @abstractmethod
    def look(self, part: range, checkpoint: Callable[[], None]) -> Iterator[Rows]:
        """Give the rows of a part of the network's times, some after the other, each of them once.

        Parameters
        ----------
        part : one of the parts that the network's findings are cut into.
        checkpoint : called between pieces of work; an exception that it raises ends the work.
        """


def describe_plan(plan: ChannelPlan) -> ChannelUse:
    """Say which channels a network sees by a plan."""
    return ChannelUse(plan.used, plan.missing, plan.interpolated, plan.problems)


def require_eeg(recording: Recording, there_is: bool, title: str) -> None:
    """Refuse a recording in which a network would see no electrode that it knows.

    Raises
    ------
    AnalysisError
        There is none.
    """
    if not there_is:
        raise AnalysisError(
            f"{title} cannot be run on {recording.path}: it has no EEG channel named after a 10-20 electrode."
        )
