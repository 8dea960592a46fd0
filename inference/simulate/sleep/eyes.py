"""Eyes and muscle tone: blinks awake, slow rolling eyes on falling asleep, rapid ones in R, where the chin is slack."""

from collections.abc import Mapping

import numpy as np

from inference.simulate.head import Dipole
from inference.simulate.noise import Spectrum, blocks
from inference.simulate.sheet import SCALP_MUSCLES, Page, Progress, Samples
from inference.simulate.sleep.course import STAGES, SleepCourse
from inference.simulate.sleep.patients import SleepPatient
from inference.simulate.streams import Stream, generator
from inference.simulate.technical import SCALP_EMG_SPECTRUM
from inference.simulate.truth import Role, Term

#: The eyes lie in front of and below this sphere's middle; the cornea is positive against the retina.
_LEFT_EYE, _RIGHT_EYE = (-0.32, 0.78, -0.38), (0.32, 0.78, -0.38)
#: Chin tone against quiet waking: lowest in R (AASM, section IV.8); in between as textbooks have it.
CHIN_TONE: Mapping[str, float] = {"W": 1.0, "N1": 0.7, "N2": 0.55, "N3": 0.5, "R": 0.25}
#: Surface EMG lies between 20 and 450 Hz, most of it at 50-150 Hz (Merletti and Parker 2004, Electromyography, ch. 4).
_CHIN_SPECTRUM = Spectrum(30.0, 160.0, order=2)
_SLOW = Spectrum(0.15, 0.45, order=3)
#: What E1 and E2, one below the left and one above the right outer canthus, see of a movement to the left and upwards.
_HORIZONTAL, _VERTICAL = (1.0, -1.0), (-0.4, 0.4)
#: EOG electrodes lie so near the front of the scalp that they see this share of its EEG.
_EEG_SHARE = 0.5


def add_eyes(page: Page, patient: SleepPatient, course: SleepCourse, closed: Samples, seed: int) -> Samples:
    """Add the eyes to the EEG and give the EOG, (2, n): E1 and E2 against the opposite mastoid, in microvolts."""
    frontal = [page.head.electrodes.index(name) for name in ("Fp1", "Fp2")]
    eog = np.float32(_EEG_SHARE) * page.eeg[frontal]
    # Scalp electrodes are farther from the eye than those of the EOG.
    sideways = np.float32(0.4) * page.head.field(Dipole(_LEFT_EYE, (-1, 0, 0)), Dipole(_RIGHT_EYE, (-1, 0, 0)))
    upwards = page.head.field(Dipole(_LEFT_EYE, (0, 0.4, 0.9)), Dipole(_RIGHT_EYE, (0, 0.4, 0.9)))
    horizontal, vertical = _gaze(page, patient, course, closed, seed)
    page.eeg += np.outer(sideways, horizontal) + np.outer(upwards, vertical)
    eog += (np.outer(_HORIZONTAL, horizontal) + np.outer(_VERTICAL, vertical)).astype(np.float32)
    return eog


def _gaze(
    page: Page, patient: SleepPatient, course: SleepCourse, closed: Samples, seed: int
) -> tuple[Samples, Samples]:
    horizontal = np.zeros(page.n_samples, dtype=np.float32)
    vertical = np.zeros(page.n_samples, dtype=np.float32)
    body = patient.body
    for block in blocks(page.n_samples, page.rate_hz):
        random = generator(seed, Stream.EYES, 1, block.index)
        weights = course.weights(block.time_s)
        drowsy = weights[STAGES.index("N1")] + 0.3 * weights[0] * closed[block.start : block.stop]
        rolling = block.noise(random, _SLOW, 1)[0] * drowsy * np.float32(0.5 * body.slow_eye_movement_uv)
        horizontal[block.start : block.stop] += rolling * block.fade
    random = generator(seed, Stream.EYES, 2)
    at_s = 0.0
    while (at_s := at_s + float(random.exponential(2.5))) < page.duration_s:
        stage = course.stage_at(at_s)
        is_open = closed[min(page.n_samples - 1, int(at_s * page.rate_hz))] < 0.5
        chance, size = random.random(), float(random.lognormal(0.0, 0.3))
        if stage == "W" and is_open and chance < 0.8:
            _add_blink(page, vertical, at_s, size * body.blink_uv)
        elif stage == "W" and chance < 0.25:
            _add_glance(page, horizontal, at_s, size * body.eye_movement_uv * float(random.choice([-1.0, 1.0])), 1.0)
        elif stage == "R" and chance < 0.6:
            # Rapid eye movements come in bursts.
            for _ in range(int(random.integers(1, 5))):
                uv = size * body.eye_movement_uv * float(random.choice([-1.0, 1.0]))
                _add_glance(page, horizontal, at_s, uv, float(random.uniform(0.3, 0.8)))
                at_s += float(random.uniform(0.3, 0.9))
    return horizontal, vertical


def _add_blink(page: Page, vertical: Samples, at_s: float, uv: float) -> None:
    samples, t = page.span(at_s, 0.5)
    vertical[samples] += (uv * np.exp(-0.5 * ((t - 0.2) / 0.07) ** 2)).astype(np.float32)
    page.note(Term.BLINK, at_s, 0.4, role=Role.STATE)


def _add_glance(page: Page, horizontal: Samples, at_s: float, uv: float, hold_s: float) -> None:
    """Add a saccade and the slower way back."""
    samples, t = page.span(at_s, hold_s + 1.0)
    swing = np.clip(t / 0.06, 0.0, 1.0) - np.clip((t - hold_s) / 0.3, 0.0, 1.0)
    horizontal[samples] += (uv * swing).astype(np.float32)


def set_tone(page: Page, patient: SleepPatient, course: SleepCourse, closed: Samples, seed: int) -> None:
    """Let the tone of the chin and of the muscles under the scalp follow the stages, with twitches in R."""
    time_s = np.arange(page.n_samples) / page.rate_hz
    weights = course.weights(time_s)
    tone = np.array([CHIN_TONE[stage] for stage in STAGES], dtype=np.float32) @ weights
    page.emg_envelope *= tone
    awake = weights[0] * (1.0 - 0.6 * closed)
    page.scalp_envelope += np.float32(patient.body.scalp_muscle_uv) * (0.1 * tone + 0.9 * awake)
    random = generator(seed, Stream.EYES, 3)
    twitch = np.full(len(page.emg_envelope), 1.5 * patient.body.chin_uv, dtype=np.float32)
    at_s = 0.0
    while (at_s := at_s + float(random.exponential(12.0))) < page.duration_s:
        duration_s = float(random.uniform(0.1, 0.25))
        if course.stage_at(at_s) == "R":
            page.add_contraction(at_s, duration_s, np.ones_like, twitch)


def muscle_activity(page: Page, seed: int, on_progress: Progress) -> Samples:
    """Turn the envelopes into interference noise: add scalp muscle to the EEG, give the chin's EMG as (1, n)."""
    emg = np.zeros_like(page.emg_envelope)
    fields = np.stack([page.head.patch(site, width) for site, width in SCALP_MUSCLES.values()], axis=1)
    for block in blocks(page.n_samples, page.rate_hz):
        span = slice(block.start, block.stop)
        chin, scalp = (generator(seed, Stream.MUSCLE, block.index, part) for part in (0, 1))
        emg[:, span] += block.noise(chin, _CHIN_SPECTRUM, len(emg)) * page.emg_envelope[:, span] * block.fade
        noise = block.noise(scalp, SCALP_EMG_SPECTRUM, len(SCALP_MUSCLES)) * page.scalp_envelope[:, span]
        page.eeg[:, span] += fields @ (noise * block.fade)
        on_progress(block.stop / page.n_samples)
    return emg
