"""Which traces a page shows, in which order, from which channels: decided once per recording and display."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.traces.display import DisplaySettings
from inference.recordings.recording import Channel, ChannelKind
from inference.signals.filters import FilterSettings, guard_s
from inference.signals.montages import Derivation, Montage, build_montage

#: From the top of the page to its bottom.
KIND_ORDER = (
    ChannelKind.EEG,
    ChannelKind.EOG,
    ChannelKind.ECG,
    ChannelKind.RESPIRATION,
    ChannelKind.OXIMETRY,
    ChannelKind.POSITION,
    ChannelKind.IMPEDANCE,
    ChannelKind.TRIGGER,
    ChannelKind.OTHER,
    ChannelKind.EMG,
)


@dataclass(frozen=True, slots=True)
class TraceGroup:
    """Traces that are read, filtered and drawn together: one kind, one rate, one filter.

    ``rows`` are their places on the page, counted from the top.
    """

    kind: ChannelKind
    rate_hz: float
    filters: FilterSettings
    rows: tuple[int, ...]
    derivations: tuple[Derivation, ...]

    @property
    def channel_indices(self) -> tuple[int, ...]:
        """The recorded channels that these traces need."""
        return tuple(sorted({index for derivation in self.derivations for index, _ in derivation.terms}))


@dataclass(frozen=True, slots=True)
class TracePlan:
    """The traces of a page from top to bottom, and the groups in which they are computed."""

    montage: Montage
    traces: tuple[Derivation, ...]
    groups: tuple[TraceGroup, ...]

    @property
    def guard_s(self) -> float:
        """Seconds that must be known on either side of a span before its traces are right."""
        return max((guard_s(group.filters) for group in self.groups), default=0.0)

    @property
    def longest_step_s(self) -> float:
        """The longest time between two samples of a trace: a line reaches that far to its next sample."""
        return max((1 / group.rate_hz for group in self.groups), default=0.0)


def plan_traces(channels: Sequence[Channel], display: DisplaySettings) -> TracePlan:
    """Choose and order the traces of a page."""
    montage = build_montage(display.montage, channels)
    kinds = {derivation.kind for derivation in montage.derivations}
    # Where there is nothing else, as in a run of fMRI by itself, what is usually hidden is what the reader came for.
    hidden_kinds = display.hidden_kinds if kinds - display.hidden_kinds else frozenset()
    shown = [
        derivation
        for derivation in montage.derivations
        if derivation.kind not in hidden_kinds and derivation.label not in display.hidden_channels
    ]
    traces = tuple(sorted(shown, key=lambda derivation: KIND_ORDER.index(derivation.kind)))
    members: dict[tuple[ChannelKind, float], list[int]] = defaultdict(list)
    for row, derivation in enumerate(traces):
        members[derivation.kind, derivation.rate_hz].append(row)
    groups = tuple(
        TraceGroup(kind, rate_hz, display.filters_of(kind), tuple(rows), tuple(traces[row] for row in rows))
        for (kind, rate_hz), rows in members.items()
    )
    return TracePlan(montage, traces, groups)
