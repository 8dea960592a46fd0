"""Windows for the tables of IESS-FusionNet: cut once from simulated patients, then the same for every row."""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.labels.files import write_bytes
from inference.models.blocks.morlet import MorletConfig
from inference.models.iess_fusionnet import FrontEnd, IessConfig
from inference.recordings.recording import Recording
from inference.runtime.inputs import InputPreparer, plan_channels
from inference.simulate import Scenario, simulate_infant
from inference.simulate.independent import generate_infant
from inference.simulate.truth import TruthEvent
from inference.training.features import PatientFeatures
from inference.training.iess_fusionnet import INPUTS, SEEDS_PER_RECIPE, TEST_SEEDS, TRAINING_SEEDS
from inference.training.variation import compress, expand
from inference.training.windows import DECOY_REACH_S, POSITIVE_REACH_S, label_frames

#: Every row is compared at this size: half the rate, width and frequencies of the shipped network.
RATE_HZ = 128.0
SPEC = replace(INPUTS, rate_hz=RATE_HZ, hff_hz=50.0, emg_hff_hz=55.0)
SMALLER = IessConfig(
    rate_hz=RATE_HZ,
    window_samples=512,
    eeg_wavelets=MorletConfig(RATE_HZ, 1.5, 50.0, n_frequencies=16, slow_hz=5.0),
    emg_wavelets=MorletConfig(RATE_HZ, 10.0, 50.0, n_frequencies=16),
    temporal_width=32,
    temporal_taps=7,
    width=64,
    n_states=8,
    n_heads=4,
)
PATIENT_S = 300.0
#: Held-out patients have numbers from here on, which no other benchmark uses.
FIRST_TEST_SEED = TEST_SEEDS + 50 * SEEDS_PER_RECIPE
N_TRAINING, N_TEST = 32, 32
#: Infants of the second generator, on which nothing is ever trained; no other benchmark has met them.
FIRST_INDEPENDENT_SEED, N_INDEPENDENT, INDEPENDENT_S = 760_000, 20, 600.0
WINDOWS_PER_SPASM = 2
#: No patient counts for more spasms than this.
MOST_SPASMS = 30
#: One negative in so many is any moment without a spasm; the others are centred on what may be taken for one.
BACKGROUND_EVERY = 4
BACKGROUND = "background"


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Windows of many patients, as features and as signals.

    Attributes
    ----------
    eeg_features, emg_features : (n, features, channels, frames) float16, as the front end gives them.
    eeg, emg : (n, channels, samples) float16, in units of the recording's scale.
    eeg_present, emg_present : (n, channels) float32.
    is_spasm : (n,) bool.
    patient : (n,) seeds.
    kind : (n,) what lies at the centre: the label of a true event, or `BACKGROUND`.
    """

    eeg_features: NDArray[np.float16]
    emg_features: NDArray[np.float16]
    eeg: NDArray[np.float16]
    emg: NDArray[np.float16]
    eeg_present: NDArray[np.float32]
    emg_present: NDArray[np.float32]
    is_spasm: NDArray[np.bool_]
    patient: NDArray[np.int64]
    kind: NDArray[np.str_]

    def digest(self) -> str:
        """Give a fingerprint of what was simulated, so that results of other windows are never mixed in."""
        hashed = hashlib.sha256()
        for array in (self.is_spasm, self.patient, self.eeg[::37], self.emg[::37]):
            hashed.update(np.ascontiguousarray(array).tobytes())
        return hashed.hexdigest()[:16]


class Batch(NamedTuple):
    """Windows as a network takes them, features or signals, and the class of each."""

    eeg: Tensor
    emg: Tensor
    eeg_present: Tensor
    emg_present: Tensor
    target: Tensor


def take(windows: Windows, chosen: NDArray[np.int64], *, as_signals: bool) -> Batch:
    """Give some of the windows, unchanged."""
    arrays = (windows.eeg, windows.emg) if as_signals else (windows.eeg_features, windows.emg_features)
    eeg, emg = (torch.from_numpy(array[chosen].astype(np.float32)) for array in arrays)
    present = (torch.from_numpy(flags[chosen]) for flags in (windows.eeg_present, windows.emg_present))
    return Batch(eeg, emg, *present, torch.from_numpy(windows.is_spasm[chosen].astype(np.int64)))


def draw_batch(windows: Windows, seed: int, step: int, size: int, *, as_signals: bool) -> Batch:
    """Draw the batch of a step, half of it spasms; gains vary by the same factors in features and in signals."""
    rng = np.random.default_rng((seed, step))
    pools = np.flatnonzero(windows.is_spasm), np.flatnonzero(~windows.is_spasm)
    chosen = np.concatenate([rng.choice(pool, size // 2) for pool in pools])
    batch = take(windows, chosen, as_signals=as_signals)
    eeg_gain = torch.from_numpy(rng.normal(0.0, 0.4, (size, 1, 1)).astype(np.float32))
    emg_gain = torch.from_numpy(rng.normal(0.0, 0.6, (size, batch.emg_present.shape[1], 1)).astype(np.float32))
    if as_signals:
        return batch._replace(eeg=batch.eeg * torch.exp(eeg_gain / 2), emg=batch.emg * torch.exp(emg_gain / 2))
    n_powers = SMALLER.eeg_wavelets.n_frequencies
    slow = compress(np.exp(eeg_gain[:, None].numpy() / 2) * expand(batch.eeg[:, n_powers:].numpy()))
    eeg = torch.cat((batch.eeg[:, :n_powers] + eeg_gain[:, None], torch.from_numpy(slow)), dim=1)
    return batch._replace(eeg=eeg, emg=batch.emg + emg_gain[:, None])


def training_windows(folder: Path, seed: int) -> Windows:
    """Give the training windows of a seed, whose patients no other seed has."""
    first = TRAINING_SEEDS + 50 * SEEDS_PER_RECIPE + SEEDS_PER_RECIPE * seed
    patients = range(first, first + N_TRAINING)
    return gather(folder / "training", patients, lambda patient: _first_generator(patient, WINDOWS_PER_SPASM))


def held_out_windows(folder: Path) -> Windows:
    """Give the test windows, one for each spasm of patients that no training sees; the same for every seed."""
    patients = range(FIRST_TEST_SEED, FIRST_TEST_SEED + N_TEST)
    return gather(folder / "test", patients, lambda patient: _first_generator(patient, 1))


def independent_windows(folder: Path) -> Windows:
    """Give windows of the second generator, one for each spasm."""
    infants = range(FIRST_INDEPENDENT_SEED, FIRST_INDEPENDENT_SEED + N_INDEPENDENT)
    return gather(folder / "independent", infants, _second_generator)


def gather(folder: Path, patients: range, cut: Callable[[int], Windows]) -> Windows:
    """Simulate patients and cut their windows, or read what an earlier call has kept, patient by patient."""
    names = [field.name for field in fields(Windows)]
    parts = []
    for patient in patients:
        path = folder / f"{patient}.npz"
        if not path.exists():
            made = cut(patient)
            content = io.BytesIO()
            np.savez(content, **{name: getattr(made, name) for name in names})
            write_bytes(path, content.getvalue())
        with np.load(path) as kept:
            parts.append([kept[name] for name in names])
    return Windows(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _first_generator(seed: int, windows_per_spasm: int) -> Windows:
    case = simulate_infant(seed, PATIENT_S, RATE_HZ, scenario=Scenario.dense())
    return _cut(case.recording, case.truth, seed, windows_per_spasm)


def _second_generator(seed: int) -> Windows:
    case = generate_infant(seed, INDEPENDENT_S, RATE_HZ)
    return _cut(case.recording, case.truth, seed, 1)


def _cut(recording: Recording, truth: tuple[TruthEvent, ...], seed: int, windows_per_spasm: int) -> Windows:
    """Cut a patient's spasms and as many windows without one."""
    preparer = InputPreparer(recording, plan_channels(recording.channels, SPEC), SPEC)
    signals = preparer.read(0.0, recording.duration_s)
    with torch.no_grad():
        features = FrontEnd(SMALLER)(torch.from_numpy(signals.eeg[None]), torch.from_numpy(signals.emg[None]))
    eeg_features, emg_features = (values[0].numpy().astype(np.float16) for values in features)
    plan, frame_s = preparer.plan, SMALLER.frame_samples / RATE_HZ
    patient = PatientFeatures(eeg_features, emg_features, plan.eeg_present, plan.emg_present, truth, frame_s)
    rng = np.random.default_rng((seed, windows_per_spasm))
    centres = [*_spasms(patient, rng, windows_per_spasm)]
    centres += [*_negatives(patient, rng, len(centres))]
    half, frame = SMALLER.window_frames // 2, SMALLER.frame_samples

    def cut(array: NDArray[np.floating], unit: int) -> NDArray[np.float16]:
        pieces = [array[..., (centre - half) * unit : (centre + half) * unit] for centre, _ in centres]
        whole = np.stack(pieces) if pieces else np.zeros((0, *array.shape[:-1], 2 * half * unit))
        return whole.astype(np.float16)

    n = len(centres)
    return Windows(
        *(
            cut(array, unit)
            for array, unit in ((eeg_features, 1), (emg_features, 1), (signals.eeg, frame), (signals.emg, frame))
        ),
        *(np.tile(flags.astype(np.float32), (n, 1)) for flags in (plan.eeg_present, plan.emg_present)),
        np.arange(n) < n // 2,
        np.full(n, seed, dtype=np.int64),
        np.array([kind for _, kind in centres], dtype="<U32"),
    )


def _spasms(patient: PatientFeatures, rng: np.random.Generator, n_each: int) -> Iterator[tuple[int, str]]:
    """Choose centres within reach of each spasm."""
    usable = _inside(patient) & (label_frames(patient) == 1)
    events = patient.spasms
    for index in sorted(rng.permutation(len(events))[:MOST_SPASMS]):
        near = np.flatnonzero(usable & _near(patient, events[index], POSITIVE_REACH_S))
        if len(near):
            yield from ((int(centre), events[index].label) for centre in rng.choice(near, n_each))


def _negatives(patient: PatientFeatures, rng: np.random.Generator, n_wanted: int) -> Iterator[tuple[int, str]]:
    """Choose centres without a spasm: most on a decoy, each kind that the recording has as likely as any other."""
    usable = _inside(patient) & (label_frames(patient) == 0)
    background = np.flatnonzero(usable)
    by_kind: dict[str, list[NDArray[np.intp]]] = {}
    for event in patient.decoys:
        near = np.flatnonzero(usable & _near(patient, event, DECOY_REACH_S))
        if len(near):
            by_kind.setdefault(event.label, []).append(near)
    kinds = sorted(by_kind)
    for index in range(n_wanted):
        if index % BACKGROUND_EVERY == 0 or not kinds:
            yield int(rng.choice(background)), BACKGROUND
            continue
        kind = kinds[rng.integers(len(kinds))]
        events = by_kind[kind]
        yield int(rng.choice(events[rng.integers(len(events))])), kind


def _inside(patient: PatientFeatures) -> NDArray[np.bool_]:
    half = SMALLER.window_frames // 2
    inside = np.zeros(patient.n_frames, dtype=bool)
    inside[half : patient.n_frames - half] = True
    return inside


def _near(patient: PatientFeatures, event: TruthEvent, reach_s: float) -> NDArray[np.bool_]:
    time_s = np.arange(patient.n_frames) * patient.frame_s
    near: NDArray[np.bool_] = (time_s >= event.onset_s - reach_s) & (time_s <= event.end_s + reach_s)
    return near
