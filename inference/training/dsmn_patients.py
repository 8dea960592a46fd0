"""Simulated children for DSMN-ESS, as labelled windows that are kept for a run that goes on after a kill."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.labels.files import write_bytes
from inference.labels.scoring import Span
from inference.models.dsmn_ess import ELECTRODES, SYNDROMES
from inference.recordings.recording import Recording
from inference.runtime.inputs import InputPreparer, plan_channels
from inference.simulate.syndromes import Schedule, Syndrome, simulate_syndrome
from inference.simulate.truth import Role, TruthEvent
from inference.training.dsmn_windows import INPUTS, SEIZURE, UNCLEAR, LabelledWindows, cut_windows, label_windows

#: Changed whenever the simulator changes what a seed means, so that no run goes on with patients of two kinds.
SIMULATOR_VERSION = 1
#: Ear electrodes are missing in this share of training patients, some of the others in that.
_WITHOUT_EARS, _WITHOUT_SOME = 0.3, 0.2
_MOST_MISSING = 5


@dataclass(frozen=True, slots=True)
class PatientOrder:
    """Which child is simulated for how long, and which of its windows are kept.

    Attributes
    ----------
    seed : who; the syndrome is not drawn from it, so that all are equally many.
    syndrome : index in the network's syndromes.
    minutes : length of the recording.
    most_windows : windows that are kept, drawn at random; None for all of them.
    seizure_share : at most this share of drawn windows is of seizures; ignored where all are kept.
    varied : whether some electrodes were not recorded.
    """

    seed: int
    syndrome: int
    minutes: float
    most_windows: int | None = None
    seizure_share: float = 0.25
    varied: bool = False


class SimulatedPatient(NamedTuple):
    """The windows of one child, its true seizures in order, and the length of the recording."""

    windows: LabelledWindows
    seizures: tuple[Span, ...]
    duration_s: float


def order_patients(first_seed: int, n_patients: int, **wishes: Any) -> tuple[PatientOrder, ...]:
    """Order patients of every syndrome in turn, with seeds that follow each other."""
    return tuple(PatientOrder(first_seed + index, index % len(SYNDROMES), **wishes) for index in range(n_patients))


def simulate_patients(orders: Sequence[PatientOrder], folder: Path) -> Iterator[SimulatedPatient]:
    """Yield each patient, from the folder where it is kept already if it is."""
    for order in orders:
        path = folder / f"{order.seed}.npz"
        made_from = {**asdict(order), "simulator": SIMULATOR_VERSION, "inputs": asdict(INPUTS)}
        patient = _find(path, made_from)
        if patient is None:
            patient = simulate_patient(order)
            _keep(path, patient, made_from)
        yield patient


def simulate_patient(order: PatientOrder) -> SimulatedPatient:
    """Simulate one patient and cut the recording into windows."""
    case = simulate_syndrome(
        order.seed,
        60.0 * order.minutes,
        INPUTS.rate_hz,
        syndrome=Syndrome(SYNDROMES[order.syndrome]),
        schedule=Schedule.dense(),
    )
    missing = draw_missing(order.seed) if order.varied else frozenset()
    windows, onset_s, present = read_windows(case.recording, missing)
    seizures = seizures_of(case.truth)
    labels = label_windows(onset_s, seizures)
    chosen = np.arange(len(labels)) if order.most_windows is None else _choose(labels, order)
    n_windows = len(chosen)
    kept = LabelledWindows(
        # Half precision is finer than a recorder's own noise.
        windows[chosen].astype(np.float16),
        np.tile(present, (n_windows, 1)),
        np.full(n_windows, order.syndrome),
        labels[chosen],
        np.full(n_windows, order.seed),
    )
    return SimulatedPatient(kept, seizures, case.recording.duration_s)


def read_windows(
    recording: Recording, missing: frozenset[str] = frozenset()
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float32]]:
    """Prepare a recording as the running program does, without the channels of some electrodes.

    Returns
    -------
    Windows (windows, electrodes, samples), their onsets in s, and which electrodes were recorded, (electrodes,).
    """
    left_out = {channel.name for channel in recording.channels if channel.electrode in missing}
    preparer = InputPreparer(recording, plan_channels(recording.channels, INPUTS, left_out), INPUTS)
    signals = preparer.read(0.0, recording.duration_s)
    windows, onset_s = cut_windows(signals.eeg, signals.valid)
    return windows, onset_s, preparer.plan.eeg_present


def seizures_of(truth: Sequence[TruthEvent]) -> tuple[Span, ...]:
    """Give the true seizures, spasms among them."""
    return tuple(Span(e.onset_s, e.end_s) for e in truth if e.role in (Role.SEIZURE, Role.SPASM))


def _choose(labels: NDArray[np.int64], order: PatientOrder) -> NDArray[np.int64]:
    """Draw windows: as many of seizures as allowed and there, the rest between seizures, none on an edge."""
    rng = np.random.default_rng((order.seed, 1))
    most = order.most_windows or 0
    of_seizures = rng.permutation(np.flatnonzero(labels == SEIZURE))[: round(order.seizure_share * most)]
    others = np.flatnonzero((labels != SEIZURE) & (labels != UNCLEAR))
    return np.sort(np.concatenate([of_seizures, rng.permutation(others)[: most - len(of_seizures)]]))


def draw_missing(seed: int) -> frozenset[str]:
    """Draw the electrodes that were not recorded in a training patient: often the ears, sometimes a few others."""
    rng = np.random.default_rng((seed, 2))
    missing = {"A1", "A2"} if rng.random() < _WITHOUT_EARS else set()
    if rng.random() < _WITHOUT_SOME:
        missing |= set(rng.permutation(ELECTRODES)[: int(rng.integers(1, _MOST_MISSING + 1))].tolist())
    return frozenset(missing)


def _keep(path: Path, patient: SimulatedPatient, made_from: Mapping[str, Any]) -> None:
    content = io.BytesIO()
    arrays = {name: getattr(patient.windows, name) for name in LabelledWindows.__slots__}
    arrays["seizures_s"] = np.array([(seizure.onset_s, seizure.end_s) for seizure in patient.seizures]).reshape(-1, 2)
    arrays["duration_s"] = np.array(patient.duration_s)
    np.savez(content, made_from=np.array(json.dumps(made_from)), **arrays)
    write_bytes(path, content.getvalue())


def _find(path: Path, made_from: Mapping[str, Any]) -> SimulatedPatient | None:
    """Give the patient kept in a file, None where there is none, or another."""
    try:
        with np.load(path) as kept:
            if json.loads(str(kept["made_from"])) != json.loads(json.dumps(made_from)):
                return None
            windows = LabelledWindows(**{name: kept[name] for name in LabelledWindows.__slots__})
            seizures = tuple(Span(float(onset_s), float(end_s)) for onset_s, end_s in kept["seizures_s"])
            return SimulatedPatient(windows, seizures, float(kept["duration_s"]))
    except (OSError, ValueError, KeyError):
        return None
