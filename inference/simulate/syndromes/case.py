"""Simulate a child with an epilepsy syndrome: 21 channels of EEG and what was true."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind
from inference.simulate.background import add_background, add_interictal_spikes, note_states
from inference.simulate.infant import MIN_RATE_HZ, START
from inference.simulate.negatives import add_negatives
from inference.simulate.sheet import Progress, Sheet
from inference.simulate.spasms import add_spasms
from inference.simulate.syndromes.background import add_spindles_of_age, rhythms_of
from inference.simulate.syndromes.children import Child, Syndrome, draw_child
from inference.simulate.syndromes.interictal import (
    add_burst_suppression,
    add_rolandic_sharp_waves,
    add_sleep_spike_waves,
    add_spike_wave_fragments,
)
from inference.simulate.syndromes.mimics import add_mimics
from inference.simulate.syndromes.seizures import add_seizures
from inference.simulate.syndromes.timetable import Schedule, Timetable, plan
from inference.simulate.technical import muscle_activity, record, set_tone
from inference.simulate.truth import Role, Term, TruthEvent

#: Things that may be mistaken for a spasm are half as frequent here: minutes have to hold much else.
_NEGATIVES = 0.5
#: What the truth calls a syndrome, for which HED has no tag: this and the syndrome's name.
SYNDROME_LABEL = "Syndrome-"


@dataclass(frozen=True, slots=True)
class SyndromeCase:
    """A simulated recording, what was true in it in order of onset, and the child it was simulated from."""

    recording: ArrayRecording
    truth: tuple[TruthEvent, ...]
    child: Child

    @property
    def stem(self) -> str:
        """Name of its files; it does not tell the syndrome."""
        return f"syndrome-{self.child.base.seed:04d}"


def simulate_syndrome(
    seed: int,
    duration_s: float,
    rate_hz: float = 1000.0,
    *,
    syndrome: Syndrome | None = None,
    schedule: Schedule | None = None,
    child: Child | None = None,
    on_progress: Progress | None = None,
) -> SyndromeCase:
    """Simulate the EEG of a child with an epilepsy syndrome.

    The same seed gives the same child and the same course: a longer recording begins as a shorter one does, and a
    lower rate shows the same events. ``syndrome`` takes the place of the one that the seed would draw; ``child`` that
    of the whole child: another recording of the same one. ``on_progress`` is called with the share that is done.

    Raises
    ------
    ValueError
        ``duration_s`` is not positive or ``rate_hz`` is below 100 Hz.
    """
    if duration_s <= 0.0:
        raise ValueError(f"a recording of {duration_s} s cannot be simulated")
    if rate_hz < MIN_RATE_HZ:
        raise ValueError(f"{rate_hz} Hz is too slow for muscle; at least {MIN_RATE_HZ:g} Hz")
    child = child or draw_child(seed, syndrome)
    report = on_progress or _ignore
    n_samples = max(1, round(duration_s * rate_hz))
    sheet = Sheet(child.base, n_samples, rate_hz)
    timetable = plan(child, seed, n_samples / rate_hz, schedule or Schedule())
    _write_events(sheet, child, timetable, seed)
    add_background(sheet, timetable.course, seed, lambda share: report(0.6 * share), rhythms_of(sheet))
    muscles = muscle_activity(sheet, seed, lambda share: report(0.6 + 0.2 * share))
    # The recorder's last channels are muscles, which these recordings do not have.
    signals = record(sheet, muscles, seed, lambda share: report(0.8 + 0.2 * share))[: len(sheet.eeg)]
    channels = _channels(child, rate_hz)
    recording = ArrayRecording(channels, list(signals), START, path=Path(f"simulated child {seed}"))
    return SyndromeCase(recording, _order_truth(sheet.truth, channels), child)


def _write_events(sheet: Sheet, child: Child, timetable: Timetable, seed: int) -> None:
    """Write everything but the background, seizures first: they say where there is room for the rest."""
    course = timetable.course
    sheet.note(f"{SYNDROME_LABEL}{child.syndrome}", 0.0, sheet.duration_s, role=Role.STATE)
    set_tone(sheet, course)
    note_states(sheet, course)
    if child.syndrome is Syndrome.EIEE:
        # Bursts are made of the same slow waves, but nobody would call them hypsarrhythmia.
        sheet.truth = [event for event in sheet.truth if event.label != Term.HYPSARRHYTHMIA]
    add_seizures(sheet, child, timetable, seed)
    spasms_s = add_spasms(sheet, course, seed)
    busy_s = _spans(timetable, spasms_s)
    add_negatives(sheet, course, seed, _NEGATIVES, busy_s)
    add_mimics(sheet, child, course, seed, busy_s)
    add_spindles_of_age(sheet, course, seed)
    add_burst_suppression(sheet, child, course, seed)
    if child.syndrome in (Syndrome.EIEE, Syndrome.WEST):
        add_interictal_spikes(sheet, course, seed)
    add_rolandic_sharp_waves(sheet, child, course, seed, busy_s)
    add_spike_wave_fragments(sheet, child, course, seed, busy_s)
    add_sleep_spike_waves(sheet, child, course, seed, busy_s)


def _spans(timetable: Timetable, spasms_s: NDArray[np.float64]) -> NDArray[np.float64]:
    seizures_s = np.array([(seizure.onset_s, seizure.end_s) for seizure in timetable.seizures]).reshape(-1, 2)
    return np.concatenate([seizures_s, spasms_s])


def _channels(child: Child, rate_hz: float) -> tuple[Channel, ...]:
    base = child.base
    names = base.channel_names[: len(base.electrodes)]
    return tuple(
        Channel(name, ChannelKind.EEG, "uV", rate_hz, electrode)
        for name, electrode in zip(names, base.electrodes, strict=True)
    )


def _order_truth(truth: list[TruthEvent], channels: tuple[Channel, ...]) -> tuple[TruthEvent, ...]:
    """Sort what is true by onset, and leave out muscles that were not recorded."""
    recorded = {channel.name for channel in channels}
    seen = [replace(event, channels=tuple(name for name in event.channels if name in recorded)) for event in truth]
    return tuple(sorted(seen, key=lambda event: (event.onset_s, event.label)))


def _ignore(share: float) -> None:
    """Take no notice of progress."""
