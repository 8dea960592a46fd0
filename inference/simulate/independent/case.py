"""One recording of the second generator, with what is true in it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.recordings.array import ArrayRecording
from inference.recordings.electrodes import IFCN_ELECTRODES
from inference.recordings.recording import Channel, ChannelKind
from inference.recordings.units import MICROVOLTS
from inference.signals.resampling import resample
from inference.simulate.independent.brain import act_out_sleep, add_spikes, group_in_sleep, make_background
from inference.simulate.independent.conduction import infant_head
from inference.simulate.independent.disturbances import (
    Disturber,
    limb_muscle_potentials,
    recorder_noise,
    scalp_muscle_potentials,
)
from inference.simulate.independent.infant import Infant, Reference, draw_infant
from inference.simulate.independent.sheet import N_EEG, SHEET_RATE_HZ, SITES, Scalp, Sheet
from inference.simulate.independent.spasms import act_out_spasms
from inference.simulate.independent.timetable import Timetable, draw_timetable
from inference.simulate.truth import Role, TruthEvent


@dataclass(frozen=True, slots=True, eq=False)
class IndependentCase:
    """A simulated recording, what was true in it in order of onset, and who it was simulated from."""

    recording: ArrayRecording
    truth: tuple[TruthEvent, ...]
    patient: Infant

    @property
    def stem(self) -> str:
        """Name of its files."""
        return f"independent-infant-{self.patient.seed:04d}"


def generate_infant(seed: int, duration_s: float, rate_hz: float = 1024.0) -> IndependentCase:
    """Generate 25 channels of EEG and 4 of EMG of one infant.

    Parameters
    ----------
    seed : the infant and everything that happens; the same seed gives the same samples.
    duration_s : length of the recording, at least 10 s.
    rate_hz : the recorder's rate, at least 100 Hz. What happens does not depend on it.

    Raises
    ------
    ValueError
        The recording would be too short or too slow.
    """
    if duration_s < 10.0 or rate_hz < 100.0:
        raise ValueError(f"{duration_s} s at {rate_hz} Hz is less than 10 s or slower than 100 Hz")
    infant = draw_infant(seed)
    shells = infant_head(infant.skull_conductivity)
    scalp, sheet = Scalp(shells), Sheet(duration_s, infant.muscles)
    timetable = draw_timetable(infant, duration_s)
    spasms = act_out_spasms(infant, timetable.spasms, scalp, sheet)
    group_in_sleep(infant, timetable.periods, sheet)
    add_spikes(infant, scalp, sheet)
    act_out_sleep(infant, timetable.events, scalp, sheet)
    disturber = Disturber(infant, scalp, sheet)
    disturber.act_out(timetable.events)
    disturber.keep_tone(timetable.periods)
    make_background(infant, timetable.periods, scalp, shells, sheet)
    scalp_muscle_potentials(infant, scalp, sheet)
    recording = _record(infant, sheet, rate_hz)
    return IndependentCase(recording, _order_truth(timetable, spasms), infant)


def _record(infant: Infant, sheet: Sheet, rate_hz: float) -> ArrayRecording:
    channels = _channels(infant, rate_hz)
    potentials = (*_against_reference(infant, sheet.eeg), *limb_muscle_potentials(infant, sheet))
    n = round(sheet.duration_s * rate_hz)
    signals = []
    for index, (channel, potential) in enumerate(zip(channels, potentials, strict=True)):
        wave = potential if rate_hz == SHEET_RATE_HZ else resample(potential, SHEET_RATE_HZ, rate_hz)
        wave = np.pad(wave[:n], (0, max(0, n - len(wave))), mode="edge")
        noise = recorder_noise(infant, n, rate_hz, index, is_emg=channel.kind is ChannelKind.EMG)
        signals.append((wave + noise).astype(np.float32))
    return ArrayRecording(channels, signals, path=Path(f"independent-infant-{infant.seed}"))


def _channels(infant: Infant, rate_hz: float) -> tuple[Channel, ...]:
    reference = infant.reference.value
    eeg = (Channel(f"EEG {name}", ChannelKind.EEG, MICROVOLTS, rate_hz, name, reference) for name in IFCN_ELECTRODES)
    emg = (Channel(f"EMG {name}", ChannelKind.EMG, MICROVOLTS, rate_hz) for name in infant.muscles)
    return (*eeg, *emg)


def _against_reference(infant: Infant, potentials: NDArray[np.float32]) -> NDArray[np.float32]:
    sites = {
        Reference.LINKED_EARS: ("A1", "A2"),
        Reference.LEFT_MASTOID: ("M1",),
        Reference.FRONTOCENTRAL: ("FCz",),
        Reference.AVERAGE: SITES[:N_EEG],
    }[infant.reference]
    rows = [SITES.index(name) for name in sites]
    against: NDArray[np.float32] = potentials[:N_EEG] - potentials[rows].mean(axis=0)
    return against


def _order_truth(timetable: Timetable, spasms: list[TruthEvent]) -> tuple[TruthEvent, ...]:
    states = [
        TruthEvent(round(period.onset_s, 3), round(period.end_s - period.onset_s, 3), period.state, role=Role.STATE)
        for period in timetable.periods
    ]
    others = [
        TruthEvent(round(event.onset_s, 3), round(event.duration_s, 3), event.term, role=Role.NEGATIVE)
        for event in timetable.events
    ]
    return tuple(sorted((*states, *spasms, *others), key=lambda event: event.onset_s))
