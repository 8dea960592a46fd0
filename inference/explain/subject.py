"""A recording as one network sees it, opened once and then asked about as many moments as a reader likes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError
from inference.recordings.recording import Recording
from inference.runtime.cards import MontageInputs
from inference.runtime.inputs import ChannelPlan, InputPreparer, PreparedSignals, plan_channels
from inference.runtime.montage_run import PART_S
from inference.runtime.package import ModelPackage
from inference.runtime.plan import WindowPlan
from inference.runtime.reading import carry_on
from inference.runtime.runs import require_eeg

#: What a recording is like is looked up in so many stretches of this length, spread evenly over it ...
N_STRETCHES: Final = 8
STRETCH_S: Final = 6.0
#: ... out of so many places, some of which may lie in gaps.
N_PLACES: Final = 32


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A stretch of a recording without a gap, as the network is shown it.

    Attributes
    ----------
    onset_s : where it begins on the recording's clock.
    eeg, emg : (electrodes, samples) and (EMG channels, samples), in the network's units.
    """

    onset_s: float
    eeg: NDArray[np.float32]
    emg: NDArray[np.float32]


class Subject:
    """What running does before it asks a network, kept for explanations: they see the same numbers.

    Making one measures the recording, which takes as long as the beginning of an analysis does.

    Parameters
    ----------
    recording, package : what is explained; the network must be one that looks at a montage.
    checkpoint : called between pieces of work; an exception that it raises ends the work.

    Attributes
    ----------
    plan : which channels the network sees.
    eeg_rows, emg_rows : those of the network's inputs that hold a signal.
    channels : their names, as `inference.explain.relevance.Relevance` has them.

    Use one subject from one thread at a time.

    Raises
    ------
    AnalysisError
        The network does not look for events in a montage, or sees no electrode of this recording.
    """

    def __init__(self, recording: Recording, package: ModelPackage, checkpoint: Callable[[], None] = carry_on) -> None:
        spec = package.card.inputs
        if not isinstance(spec, MontageInputs):
            raise AnalysisError(
                f"{package.card.title} cannot be explained: it does not look at a montage of electrodes."
            )
        if not package.card.answer.event_class:
            raise AnalysisError(f"{package.card.title} cannot be explained: it looks for no events.")
        self.recording, self.package, self.spec = recording, package, spec
        self.checkpoint = checkpoint
        plan = plan_channels(recording.channels, spec)
        require_eeg(recording, bool(plan.eeg_present.any()), package.card.title)
        self._preparer = InputPreparer(recording, plan, spec, checkpoint)
        self.plan = self._preparer.plan
        require_eeg(recording, bool(self.plan.eeg_present.any()), package.card.title)
        self._windows = WindowPlan(recording.duration_s, spec)
        self._part: tuple[range, PreparedSignals] | None = None
        self.eeg_rows = np.flatnonzero(self.plan.eeg_present)
        self.emg_rows = np.flatnonzero(self.plan.emg_present)
        self.channels = (*_name_electrodes(recording, self.plan, spec), *_name_muscles(recording, self.plan))

    @property
    def presence(self) -> dict[str, NDArray[np.float32]]:
        """What tells the network which channels are there, by the names of its inputs."""
        eeg = {"eeg_present": self.plan.eeg_present}
        return {**eeg, "emg_present": self.plan.emg_present} if self.spec.n_emg else eeg

    @property
    def problems(self) -> tuple[str, ...]:
        """Plain sentences on what is not as the network knows it."""
        estimated = ", ".join(self.plan.interpolated)
        told = (f"{estimated}: estimated from neighbours, whose signals they stand for.",) if estimated else ()
        return (*self.plan.problems, *told)

    def window(self, centre_s: float) -> Stretch:
        """Give the window that speaks for the time of the network's grid nearest to ``centre_s``.

        Raises
        ------
        AnalysisError
            A gap or an end of the recording leaves no whole window there.
        RecordingError
            The file can no longer be read.
        """
        index = min(max(0, round(centre_s / self.spec.hop_s)), len(self._windows.time_s) - 1)
        n_per_part = round(PART_S / self.spec.hop_s)
        first = index // n_per_part * n_per_part
        part = range(first, min(first + n_per_part, len(self._windows.time_s)))
        cut, signals = self._windows.cut(part, index), self._read_part(part)
        if not signals.valid[cut].all():
            raise AnalysisError(
                f"{self.package.card.title} says nothing about {self._windows.time_s[index]:g} s: "
                f"a gap or an end of the recording lies within the {self.spec.window_s:g} s around it."
            )
        onset_s = self._windows.first_sample(index) / self.spec.rate_hz
        return Stretch(onset_s, signals.eeg[:, cut], signals.emg[:, cut])

    def _read_part(self, part: range) -> PreparedSignals:
        """Read what running reads at once, so that windows are cut from the same numbers; the last part is kept."""
        if self._part is None or self._part[0] != part:
            first = self._windows.first_sample(part[0])
            n_samples = self._windows.first_sample(part[-1]) + self._windows.window_samples - first
            self._part = part, self._preparer.prepare(first, n_samples, self.checkpoint)
        return self._part[1]

    @cached_property
    def background(self) -> tuple[Stretch, ...]:
        """Stretches from all along the recording, whose typical values stand for nothing in particular.

        Spasms are too short and rare to move a median over all of them.

        Raises
        ------
        AnalysisError
            The recording has no stretch that is long enough without a gap.
        """
        stretches = tuple(islice(self._look_for_stretches(), N_STRETCHES))
        if not stretches:
            raise AnalysisError(f"{self.recording.path} has nothing to compare with: no {STRETCH_S:g} s without a gap.")
        return stretches

    def _look_for_stretches(self) -> Iterator[Stretch]:
        """Yield stretches in an order in which the first few are spread evenly."""
        rate_hz, duration_s = self.spec.rate_hz, self.recording.duration_s
        length_s = min(STRETCH_S, float(int(duration_s)))
        onsets_s = np.linspace(0.0, duration_s - length_s, N_PLACES).reshape(N_STRETCHES, -1)
        for onset_s in onsets_s.T.ravel():
            first = int(onset_s * rate_hz)
            signals = self._preparer.prepare(first, round(length_s * rate_hz), self.checkpoint)
            if signals.valid.all():
                yield Stretch(first / rate_hz, signals.eeg, signals.emg)

    def read(self, onset_s: float, duration_s: float) -> PreparedSignals:
        """Read a stretch as the network sees it, its rows in the network's order."""
        return self._preparer.read(onset_s, duration_s)


def _name_electrodes(recording: Recording, plan: ChannelPlan, spec: MontageInputs) -> tuple[str, ...]:
    channels = (recording.channels[index] for index in plan.eeg_channels)
    recorded = {channel.electrode: channel.name for channel in channels}
    present = (name for name, here in zip(spec.eeg_electrodes, plan.eeg_present, strict=True) if here)
    return tuple(recorded.get(name, name) for name in present)


def _name_muscles(recording: Recording, plan: ChannelPlan) -> tuple[str, ...]:
    return tuple(recording.channels[index].name for index in plan.emg_channels)
