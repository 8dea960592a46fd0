"""Stretches of filtered signal, as the tiles are drawn from: pure functions that run in the thread pool."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.traces.plan import TraceGroup, TracePlan
from inference.recordings.recording import ChannelKind, Recording
from inference.signals.filters import filter_signal, guard_s
from inference.signals.montages import apply_derivations

#: Kinds whose sensitivity the reader sets in microvolts per millimetre.
_CALIBRATED = frozenset({ChannelKind.EEG, ChannelKind.EOG, ChannelKind.EMG})
_SURVEY_PLACES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SURVEY_S = 10.0


@dataclass(frozen=True, slots=True)
class Block:
    """Samples of one group of traces: ``values`` (traces, n) begin with sample ``first_sample`` of the recording."""

    first_sample: int
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class OwnScale:
    """The scale of a trace that has no common sensitivity: its middle and the range of its row, in its unit."""

    middle: float
    range: float


Chunk = tuple[Block, ...]


def read_chunk(recording: Recording, plan: TracePlan, onset_s: float, duration_s: float) -> Chunk:
    """Read [onset_s, onset_s + duration_s) with its guard, derive, filter and crop; one block per group of the plan.

    Raises
    ------
    RecordingError
        The file can no longer be read.
    """
    return tuple(_read_block(recording, group, onset_s, duration_s) for group in plan.groups)


def survey_scales(recording: Recording, plan: TracePlan) -> Mapping[int, OwnScale]:
    """Look at a few places of the recording and choose a scale for each trace that has no common sensitivity.

    Returns
    -------
    row of the page -> its scale.
    """
    scales = {}
    for group in plan.groups:
        if group.kind in _CALIBRATED:
            continue
        spans = [
            _read_block(recording, group, max(0.0, place * recording.duration_s - _SURVEY_S / 2), _SURVEY_S).values
            for place in _SURVEY_PLACES
        ]
        for row, values in zip(group.rows, np.concatenate(spans, axis=1), strict=True):
            scales[row] = _choose_scale(values[np.isfinite(values)])
    return scales


def needs_survey(plan: TracePlan) -> bool:
    """Say whether any trace of the plan has a scale of its own."""
    return any(group.kind not in _CALIBRATED for group in plan.groups)


def _read_block(recording: Recording, group: TraceGroup, onset_s: float, duration_s: float) -> Block:
    guard = guard_s(group.filters)
    # Beyond the recording there is nothing to guard against; NaN there would only slow the filter down.
    read_onset_s = max(0.0, onset_s - guard)
    read_end_s = max(read_onset_s, min(recording.duration_s, onset_s + duration_s + guard))
    indices = group.channel_indices
    samples = recording.read(indices, read_onset_s, read_end_s - read_onset_s)
    derived = apply_derivations(group.derivations, dict(zip(indices, samples, strict=True)))
    filtered = filter_signal(derived, group.rate_hz, group.filters)
    first = round(onset_s * group.rate_hz)
    stop = round((onset_s + duration_s) * group.rate_hz)
    offset = first - round(read_onset_s * group.rate_hz)
    return Block(first, np.ascontiguousarray(filtered[:, offset : offset + stop - first], dtype=np.float32))


def _choose_scale(values: NDArray[np.float32]) -> OwnScale:
    if values.size == 0:
        return OwnScale(0.0, 1.0)
    low, middle, high = (float(v) for v in np.percentile(values, (0.2, 50.0, 99.8)))
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        return OwnScale(middle, max(abs(middle), 1.0))
    return OwnScale((low + high) / 2, high - low)
