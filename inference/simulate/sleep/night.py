"""Simulate somebody who sleeps: EEG, EOG, chin EMG, the true hypnogram, and in the scanner BOLD signals too."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.labels.hypnograms import EPOCH_S, Hypnogram
from inference.labels.sleep_stages import AASM
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind, FileAnnotation
from inference.simulate.infant import MIN_RATE_HZ, START
from inference.simulate.sheet import Page, Progress
from inference.simulate.sleep.bold import STEP_S, TR_S, EegDrive, SimulatedBold, simulate_bold
from inference.simulate.sleep.course import SleepCourse, plan_sleep
from inference.simulate.sleep.eyes import add_eyes, muscle_activity, set_tone
from inference.simulate.sleep.patients import EOG_NAMES, Setting, SleepPatient, draw_sleeper
from inference.simulate.sleep.rhythms import add_rhythms, eyes_closed
from inference.simulate.sleep.scanner import add_scanner_residue
from inference.simulate.sleep.stages import NAP, NIGHT, NIGHT_EPOCHS, draw_stages
from inference.simulate.sleep.waves import add_waves
from inference.simulate.streams import Stream, generator
from inference.simulate.technical import record_page
from inference.simulate.truth import Role, Term, TruthEvent

#: How the amplifier marks the start of a volume, in ds003768 as here.
VOLUME_TRIGGER = "R128"


@dataclass(frozen=True, slots=True)
class SleepCase:
    """A simulated recording of sleep.

    ``truth`` is in order of onset: a state for each bout of a stage, and the waves it is scored by. ``hypnogram`` holds
    the stage of every epoch. ``bold`` is None outside the scanner.
    """

    recording: ArrayRecording
    truth: tuple[TruthEvent, ...]
    hypnogram: Hypnogram
    bold: SimulatedBold | None
    patient: SleepPatient

    @property
    def stem(self) -> str:
        """Name of the case's files, without ending."""
        kind = "sleep" if self.bold is None else "eeg-fmri"
        return f"{kind}-{self.patient.seed:04d}"


def simulate_sleep(
    seed: int,
    duration_s: float,
    rate_hz: float = 256.0,
    *,
    setting: Setting = Setting.NIGHT,
    stages: Sequence[str] | None = None,
    session: int = 0,
    patient: SleepPatient | None = None,
    on_progress: Progress | None = None,
) -> SleepCase:
    """Simulate a stretch of sleep in whole epochs of 30 s.

    Parameters
    ----------
    duration_s : how long; rounded down to whole epochs, at least one.
    setting : a night, or a nap in the scanner with BOLD signals.
    stages : the stage of every epoch, in place of those that would be drawn; ``duration_s`` is not looked at then.
    session : another recording of the same sleeper for each number.
    patient : who sleeps, in place of the one that the seed would draw.
    on_progress : called with the share that is done, 0 to 1.

    Raises
    ------
    ValueError
        Nothing is left of ``duration_s``, ``rate_hz`` is below 100 Hz, or a stage is not the AASM's.
    """
    if rate_hz < MIN_RATE_HZ:
        raise ValueError(f"{rate_hz} Hz is too slow for EMG; at least {MIN_RATE_HZ:g} Hz")
    patient = patient or draw_sleeper(seed, setting)
    events_seed = seed if session == 0 else int(generator(seed, Stream.SLEEP_STAGES, session).integers(2**62))
    if stages is None:
        stages = _draw(events_seed, int(duration_s // EPOCH_S), patient.setting)
    if not stages or not set(stages) <= set(AASM.codes):
        raise ValueError(f"sleep of {duration_s} s in the stages {sorted(set(stages))} cannot be simulated")
    course = plan_sleep(stages, events_seed)
    report = on_progress or _ignore
    page = _open_page(patient, round(course.duration_s * rate_hz), rate_hz)
    closed = eyes_closed(patient, events_seed, np.arange(page.n_samples) / rate_hz, rate_hz)
    alpha = add_rhythms(page, patient, course, closed, seed=events_seed, on_progress=lambda share: report(0.5 * share))
    add_waves(page, patient, course, events_seed)
    set_tone(page, patient, course, closed, events_seed)
    eog = add_eyes(page, patient, course, closed, events_seed)
    if patient.scanner is not None:
        add_scanner_residue(page, patient, patient.scanner, TR_S, events_seed)
    emg = muscle_activity(page, events_seed, lambda share: report(0.5 + 0.2 * share))
    signals = record_page(
        page, np.concatenate([eog, emg]), patient.technical, events_seed, lambda share: report(0.7 + 0.2 * share)
    )
    bold = None
    if patient.scanner is not None:
        bold = simulate_bold(course, _drive(page, alpha, course), patient.haemodynamics, events_seed)
    report(1.0)
    name = Path(f"simulated sleep {seed}")
    recording = ArrayRecording(
        _channels(patient, rate_hz),
        list(signals),
        START,
        annotations=_volume_triggers(bold, course.duration_s),
        path=name,
    )
    return SleepCase(recording, _truth(page, course), course.hypnogram, bold, patient)


def _draw(seed: int, n_epochs: int, setting: Setting) -> tuple[str, ...]:
    """Draw a nap, or a stretch of a night: from its beginning if it is a whole one, from anywhere in it if not."""
    random = generator(seed, Stream.SLEEP_STAGES)
    if setting is Setting.SCANNER:
        return draw_stages(random, n_epochs, NAP)
    first = int(random.integers(0, max(1, NIGHT_EPOCHS - n_epochs)))
    return draw_stages(random, n_epochs, NIGHT, first_epoch=first, of_epochs=NIGHT_EPOCHS)


def _open_page(patient: SleepPatient, n_samples: int, rate_hz: float) -> Page:
    tone_uv = (patient.body.chin_uv,)
    return Page(
        electrodes=patient.electrodes,
        reference=patient.reference,
        channel_names=patient.channel_names,
        tone_uv=tone_uv,
        n_samples=n_samples,
        rate_hz=rate_hz,
    )


def _drive(page: Page, alpha: NDArray[np.float32], course: SleepCourse) -> EegDrive:
    """Bring what drives BOLD to its steps: means over a second, of what was written down as true."""
    n_steps = round(course.duration_s / STEP_S)
    edges = np.linspace(0, alpha.size, n_steps + 1).astype(np.int64)
    mean_alpha = np.add.reduceat(alpha, edges[:-1]) / np.diff(edges)
    shares = {}
    for label in (Term.SPINDLE, Term.SLOW_WAVE):
        share = np.zeros(n_steps, dtype=np.float32)
        for event in page.truth:
            if event.label == label:
                first, stop = (min(n_steps, int(t / STEP_S)) for t in (event.onset_s, event.end_s + STEP_S))
                share[first:stop] = 1.0
        shares[label] = share
    return EegDrive(mean_alpha.astype(np.float32), shares[Term.SPINDLE], shares[Term.SLOW_WAVE])


def _truth(page: Page, course: SleepCourse) -> tuple[TruthEvent, ...]:
    for bout in course.hypnogram.bouts():
        page.note(AASM.stage(bout.stage).tag, bout.onset_s, bout.duration_s, role=Role.STATE)
    return tuple(sorted(page.truth, key=lambda event: (event.onset_s, event.label)))


def _volume_triggers(bold: SimulatedBold | None, duration_s: float) -> list[FileAnnotation]:
    """Give what the scanner tells the EEG: when each volume begins."""
    if bold is None:
        return []
    onsets_s = (bold.onset_s + volume * bold.tr_s for volume in range(len(bold.series)))
    return [FileAnnotation(onset_s, 0.0, VOLUME_TRIGGER) for onset_s in onsets_s if onset_s < duration_s]


def _channels(patient: SleepPatient, rate_hz: float) -> tuple[Channel, ...]:
    names = patient.channel_names
    n_eeg = len(patient.electrodes)
    eeg = [
        Channel(name, ChannelKind.EEG, "uV", rate_hz, electrode)
        for name, electrode in zip(names[:n_eeg], patient.electrodes, strict=True)
    ]
    n_eog = len(EOG_NAMES)
    eog = [Channel(name, ChannelKind.EOG, "uV", rate_hz) for name in names[n_eeg : n_eeg + n_eog]]
    emg = [Channel(name, ChannelKind.EMG, "uV", rate_hz) for name in names[n_eeg + n_eog :]]
    return (*eeg, *eog, *emg)


def _ignore(share: float) -> None:
    """Take no notice of progress."""
