"""Simulate an infant with epileptic spasms: EEG, EMG and what was true."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind
from inference.simulate.background import add_background, add_interictal_spikes, add_spindles, note_states
from inference.simulate.course import Scenario, plan_course
from inference.simulate.negatives import add_negatives
from inference.simulate.patients import ChannelSet, InfantPatient, draw_patient
from inference.simulate.sheet import Progress, Sheet
from inference.simulate.spasms import add_spasms
from inference.simulate.technical import add_heart, muscle_activity, record, set_tone
from inference.simulate.truth import TruthEvent

#: Every simulated recording begins at this moment: nobody was there.
START = datetime(2000, 1, 1, 9, 0, 0)
#: Slower than this, EEG and EMG of a spasm cannot be told apart.
MIN_RATE_HZ = 100.0


@dataclass(frozen=True, slots=True)
class SimulatedCase:
    """A simulated recording, what was true in it, and who it was simulated from; ``truth`` is in order of onset."""

    recording: ArrayRecording
    truth: tuple[TruthEvent, ...]
    patient: InfantPatient

    @property
    def stem(self) -> str:
        """Name of its files."""
        return f"infant-{self.patient.seed:04d}"


def simulate_infant(
    seed: int,
    duration_s: float,
    rate_hz: float = 1024.0,
    *,
    scenario: Scenario | None = None,
    channel_set: ChannelSet = "full",
    patient: InfantPatient | None = None,
    on_progress: Progress | None = None,
) -> SimulatedCase:
    """Simulate the EEG and EMG of an infant with epileptic spasms.

    The same seed gives the same infant and the same course: a longer recording begins as a shorter one does, and a
    lower rate shows the same events. ``patient`` takes the place of the one that the seed would draw: another
    recording of the same infant. ``on_progress`` is called with the share that is done, 0 to 1.

    Raises
    ------
    ValueError
        ``duration_s`` is not positive or ``rate_hz`` is below 100 Hz.
    """
    if duration_s <= 0.0:
        raise ValueError(f"a recording of {duration_s} s cannot be simulated")
    if rate_hz < MIN_RATE_HZ:
        raise ValueError(f"{rate_hz} Hz is too slow for EMG; at least {MIN_RATE_HZ:g} Hz")
    scenario = scenario or Scenario()
    patient = patient or draw_patient(seed, channel_set=channel_set)
    n_samples = max(1, round(duration_s * rate_hz))
    course = plan_course(seed, n_samples / rate_hz, scenario)
    sheet = Sheet(patient, n_samples, rate_hz)
    set_tone(sheet, course)
    note_states(sheet, course)
    # Events first: they say where the background is suppressed.
    spasms_s = add_spasms(sheet, course, seed)
    add_negatives(sheet, course, seed, scenario.negatives, spasms_s)
    add_spindles(sheet, course, seed)
    add_interictal_spikes(sheet, course, seed)
    report = on_progress or _ignore
    add_background(sheet, course, seed, lambda share: report(0.6 * share))
    emg = muscle_activity(sheet, seed, lambda share: report(0.6 + 0.2 * share))
    add_heart(sheet, emg, seed)
    signals = record(sheet, emg, seed, lambda share: report(0.8 + 0.2 * share))
    recording = ArrayRecording(_channels(patient, rate_hz), list(signals), START, path=Path(f"simulated infant {seed}"))
    truth = sorted(sheet.truth, key=lambda event: (event.onset_s, event.label))
    return SimulatedCase(recording, tuple(truth), patient)


def _ignore(share: float) -> None:
    """Take no notice of progress."""


def _channels(patient: InfantPatient, rate_hz: float) -> tuple[Channel, ...]:
    n_eeg = len(patient.electrodes)
    eeg = [
        Channel(name, ChannelKind.EEG, "uV", rate_hz, electrode)
        for name, electrode in zip(patient.channel_names[:n_eeg], patient.electrodes, strict=True)
    ]
    emg = [Channel(name, ChannelKind.EMG, "uV", rate_hz) for name in patient.channel_names[n_eeg:]]
    return (*eeg, *emg)
