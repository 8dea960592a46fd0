"""What looks like a spasm, or hides one: movements, startles, sucking, crying, eyes, electrodes, heart and recorder."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from inference.simulate.independent.infant import Infant, stream
from inference.simulate.independent.muscles import DRIVE_RATE_HZ, contract, form_pool
from inference.simulate.independent.sheet import (
    N_EEG,
    SCALP_MUSCLES,
    SHEET_RATE_HZ,
    SITES,
    Scalp,
    Sheet,
    drive_share,
    sheet_time_s,
)
from inference.simulate.independent.timetable import Period, PlannedEvent
from inference.simulate.truth import Term

#: Muscle tone that is always there.
_TONE: Final = {Term.AWAKE: (0.02, 0.07), Term.NREM: (0.0, 0.03), Term.REM: (0.0, 0.01)}


class Disturber:
    """Acts out everything that is no spasm, in one infant with one set of electrodes."""

    def __init__(self, infant: Infant, scalp: Scalp, sheet: Sheet) -> None:
        self._scalp, self._sheet = scalp, sheet
        self._rng = stream(infant.seed, "disturbances")
        # How much of a tug each electrode turns into potential, and of which direction: badly glued ones stand out.
        looseness = np.exp(self._rng.normal(-0.6, 0.8, len(SITES)))
        self._tugs_uv = 45.0 * looseness[:, None] * self._rng.normal(0.0, 0.6, (len(SITES), 3))
        # The eyes are dipoles from retina to cornea; they are put as far forward in the sphere as it allows.
        eyes = scalp.field(np.array([0.0, 0.84, -0.12]), np.array([0.0, 0.55, 0.8]))
        self._eyes = eyes
        self._tongue = scalp.field(np.array([0.0, 0.55, -0.55]), np.array([0.0, -0.5, 0.8]))
        self._acts = {
            Term.MOVEMENT: self._move,
            Term.MOVEMENT_WITH_EEG: self._move_the_head,
            Term.STARTLE: self._startle,
            Term.MYOCLONUS: self._twitch,
            Term.SUCKING: self._suck,
            Term.CRY: self._cry,
            Term.ELECTRODE_MOVEMENT: self._pat,
            Term.BLINK: self._blink,
            Term.ELECTRODE_POP: self._pop,
        }

    def act_out(self, events: tuple[PlannedEvent, ...]) -> None:
        """Draw the events that are disturbances, leaving the others alone."""
        for event in events:
            if event.term in self._acts:
                self._acts[event.term](event)

    def keep_tone(self, periods: tuple[Period, ...]) -> None:
        """Give all muscles a tone that wanders with the state."""
        for muscle in self._sheet.drives:
            for period in periods:
                low, high = _TONE[period.state]
                share = drive_share(period.end_s - period.onset_s)
                wander = lfilter([0.012], [1.0, -0.988], self._rng.standard_normal(len(share))) * 6.0
                self._sheet.drive(muscle, period.onset_s, np.clip(low + (high - low) * (0.5 + wander), 0.0, high))

    def _move(self, event: PlannedEvent) -> None:
        """Move limbs at will: some muscles more than others, in overlapping surges without a common onset."""
        rng = self._rng
        force = rng.uniform(0.2, 0.9)
        for muscle in self._sheet.muscles:
            if rng.random() < 0.7:
                late_s = float(rng.uniform(0.0, 0.4)) * event.duration_s
                share = drive_share(event.duration_s - late_s)
                surges = lfilter([0.05], [1.0, -0.95], rng.standard_normal(len(share)))
                course = np.clip(0.35 + 2.0 * surges, 0.0, 1.0) * np.sin(np.pi * share) ** 0.5
                self._sheet.drive(muscle, event.onset_s + late_s, force * float(rng.uniform(0.3, 1.0)) * course)

    def _move_the_head(self, event: PlannedEvent) -> None:
        self._move(event)
        for muscle in SCALP_MUSCLES:
            course = np.sin(np.pi * drive_share(event.duration_s)) ** 2
            self._sheet.drive(muscle, event.onset_s, 0.7 * float(self._rng.random()) * course)
        self._tug(
            event.onset_s, event.duration_s, float(self._rng.uniform(0.6, 4.0)), float(self._rng.uniform(0.6, 3.0))
        )

    def _startle(self, event: PlannedEvent) -> None:
        """Start at a sound: eyes and neck first, limbs within 50 ms; a short burst that the brain does not follow."""
        rng, force = self._rng, float(self._rng.uniform(0.5, 1.0))
        course = np.interp(drive_share(event.duration_s), [0.0, 0.15, 1.0], [0.3, 1.0, 0.0])
        for muscle in self._sheet.drives:
            late_s = 0.0 if muscle in SCALP_MUSCLES else float(rng.uniform(0.02, 0.05))
            self._sheet.drive(muscle, event.onset_s + late_s, force * float(rng.uniform(0.5, 1.0)) * course)
        self._close_eyes(event.onset_s, 0.3, float(rng.uniform(60.0, 160.0)))
        self._tug(event.onset_s, event.duration_s + 0.3, float(rng.uniform(0.3, 2.0)), 2.5)

    def _twitch(self, event: PlannedEvent) -> None:
        """Jerk some muscles for 10 to 100 ms."""
        chosen = self._rng.random(len(self._sheet.muscles)) < 0.5
        course = np.ones(max(2, round(event.duration_s * DRIVE_RATE_HZ)))
        for muscle, is_chosen in zip(self._sheet.muscles, chosen, strict=True):
            if is_chosen:
                self._sheet.drive(muscle, event.onset_s, float(self._rng.uniform(0.5, 1.0)) * course)

    def _suck(self, event: PlannedEvent) -> None:
        """Suck once or twice a second, in bursts with pauses; the tongue's potential shows over the front."""
        rng = self._rng
        pace_s, until_s = float(rng.uniform(0.5, 1.0)), event.onset_s + event.duration_s
        height_uv, force = float(rng.uniform(15.0, 60.0)), float(rng.uniform(0.15, 0.6))
        at_s, left = event.onset_s, int(rng.integers(4, 12))
        while at_s < until_s:
            course = np.sin(np.pi * drive_share(0.55 * pace_s)) ** 2
            for muscle in ("temporalis L", "temporalis R", *(m for m in self._sheet.muscles if m == "Neck")):
                self._sheet.drive(muscle, at_s, force * float(rng.uniform(0.8, 1.2)) * course)
            time_s = sheet_time_s(pace_s)
            self._sheet.add(self._tongue, at_s, height_uv * np.sin(np.pi * time_s / pace_s) ** 2)
            left -= 1
            at_s += pace_s * float(np.exp(rng.normal(0.0, 0.06)))
            if left == 0:
                at_s, left = at_s + float(rng.uniform(1.0, 3.0)), int(rng.integers(4, 12))

    def _cry(self, event: PlannedEvent) -> None:
        """Cry: a long breath out with every muscle, a short one in, about once a second and a half."""
        rng = self._rng
        at_s, force = event.onset_s, float(rng.uniform(0.2, 0.7))
        while at_s < event.onset_s + event.duration_s:
            out_s = float(rng.uniform(0.6, 1.5))
            course = np.interp(drive_share(out_s), [0.0, 0.1, 0.8, 1.0], [0.0, 1.0, 0.7, 0.0])
            for muscle in self._sheet.drives:
                self._sheet.drive(muscle, at_s, force * float(rng.uniform(0.3, 1.0)) * course)
            self._tug(at_s, out_s, float(rng.uniform(0.2, 1.0)), 2.0)
            at_s += out_s + float(rng.uniform(0.2, 0.5))

    def _pat(self, event: PlannedEvent) -> None:
        """Pat or rock the infant: a damped swing of the head at each pat, two a second or so."""
        rng = self._rng
        pace_s, direction = 1.0 / float(rng.uniform(1.2, 3.0)), rng.normal(0.0, 1.0, 3)
        weights = self._tugs_uv @ (direction / np.linalg.norm(direction))
        force, at_s = float(rng.uniform(0.6, 2.5)), event.onset_s
        time_s = sheet_time_s(1.2)
        swing = np.exp(-time_s / 0.18) * np.sin(2 * np.pi * float(rng.uniform(2.5, 6.0)) * time_s)
        while at_s < event.onset_s + event.duration_s:
            self._sheet.add(weights, at_s, force * float(rng.uniform(0.7, 1.3)) * swing)
            at_s += pace_s * float(np.exp(rng.normal(0.0, 0.07)))

    def _blink(self, event: PlannedEvent) -> None:
        self._close_eyes(event.onset_s, event.duration_s, float(self._rng.uniform(60.0, 200.0)))

    def _close_eyes(self, onset_s: float, duration_s: float, height_uv: float) -> None:
        """Turn the eyes' dipoles up as lids close: positive in front, quick down and slower up."""
        time_s = sheet_time_s(duration_s)
        self._sheet.add(self._eyes, onset_s, height_uv * np.sin(np.pi * (time_s / duration_s) ** 0.7) ** 2)

    def _pop(self, event: PlannedEvent) -> None:
        """Let one electrode jump and creep back."""
        weights = np.zeros(len(SITES))
        weights[self._rng.integers(N_EEG)] = self._rng.choice([-1.0, 1.0])
        time_s = sheet_time_s(event.duration_s * 3)
        step = np.exp(-time_s / (event.duration_s / 2)) * np.clip((time_s[-1] - time_s) / event.duration_s, 0.0, 1.0)
        self._sheet.add(weights, event.onset_s, float(self._rng.uniform(80.0, 500.0)) * step)

    def _tug(self, onset_s: float, duration_s: float, force: float, frequency_hz: float) -> None:
        """Shake the head in three directions: a resonance driven by chance, felt by each electrode in its own way."""
        n = len(sheet_time_s(duration_s))
        damping = np.exp(-2.5 / SHEET_RATE_HZ)
        resonance = [1.0, -2 * damping * np.cos(2 * np.pi * frequency_hz / SHEET_RATE_HZ), damping**2]
        swing = lfilter([1.0], resonance, self._rng.standard_normal((3, n)), axis=1)
        swing *= np.sin(np.pi * np.arange(n) / n) ** 2 / swing.std()
        for axis in range(3):
            self._sheet.add(self._tugs_uv[:, axis], onset_s, force * swing[axis])


def scalp_muscle_potentials(infant: Infant, scalp: Scalp, sheet: Sheet) -> None:
    """Let the muscles of face and neck into the EEG, by the inverse square of the distance to each electrode."""
    rng = stream(infant.seed, "scalp muscles")
    for muscle, electrode in SCALP_MUSCLES.items():
        pool = form_pool(rng, 30, infant.scalp_muscle_uv)
        place = scalp.places[SITES.index(electrode)]
        weights = 1.0 / (1.0 + (np.linalg.norm(scalp.places - place, axis=1) / 0.35) ** 2)
        sheet.eeg += np.outer(weights, contract(rng, pool, sheet.drives[muscle], sheet.n)).astype(np.float32)


def limb_muscle_potentials(infant: Infant, sheet: Sheet) -> NDArray[np.float32]:
    """Make the recorded electromyograms, heart beats included: (4, n) microvolts."""
    rng = stream(infant.seed, "limb muscles")
    heart = _heart(infant, sheet)
    signals = []
    for muscle, full_uv in zip(sheet.muscles, infant.muscle_uv, strict=True):
        pool = form_pool(rng, int(rng.integers(60, 120)), full_uv)
        signals.append(contract(rng, pool, sheet.drives[muscle], sheet.n) + heart * np.float32(rng.uniform(0.0, 1.0)))
    return np.array(signals)


def _heart(infant: Infant, sheet: Sheet) -> NDArray[np.float32]:
    """Beat 108 to 156 times a minute: each beat a sharp wave with a small one on either side of it."""
    rng = stream(infant.seed, "heart")
    n_beats = int(sheet.duration_s * infant.heart_hz * 1.2) + 2
    beats_s = np.cumsum(rng.normal(1.0, 0.03, n_beats)) / infant.heart_hz
    impulses = np.zeros(sheet.n)
    index = np.round(beats_s * SHEET_RATE_HZ).astype(int)
    impulses[index[index < sheet.n]] = infant.heart_uv
    u = np.arange(-0.25, 0.35, 1 / SHEET_RATE_HZ)
    beat = (
        np.exp(-((u / 0.008) ** 2))
        - 0.25 * np.exp(-(((u - 0.025) / 0.01) ** 2))
        + 0.2 * np.exp(-(((u - 0.16) / 0.04) ** 2))
    )
    return np.convolve(impulses, beat)[round(0.25 * SHEET_RATE_HZ) :][: sheet.n].astype(np.float32)


def recorder_noise(infant: Infant, n: int, rate_hz: float, channel: int, *, is_emg: bool) -> NDArray[np.float32]:
    """Make what the recorder adds to a channel: white noise, mains with a third harmonic, slow drift."""
    rng = stream(infant.seed, f"recorder {channel}")
    time_s = np.arange(n) / rate_hz
    mains_uv = infant.mains_uv * float(np.exp(rng.normal(-0.5, 0.8))) * (2.0 if is_emg else 1.0)
    # From a stream of its own: the number of samples differs between recorders, mains and drift do not.
    noise = infant.noise_uv * stream(infant.seed, f"recorder noise {channel}").standard_normal(n)
    for harmonic, share in ((1, 1.0), (3, 0.25)):
        phase = rng.uniform(0.0, 2 * np.pi)
        if harmonic * infant.mains_hz < 0.45 * rate_hz:
            wave = np.sin(2 * np.pi * harmonic * infant.mains_hz * time_s + phase)
            noise += share * mains_uv * wave
    knots_s = 10.0 * np.arange(int(n / rate_hz / 10.0) + 3)
    drift_uv = np.interp(time_s, knots_s, rng.normal(0.0, 8.0, len(knots_s)))
    return (noise + drift_uv + float(rng.normal(0.0, 15.0))).astype(np.float32)
