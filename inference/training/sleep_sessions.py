"""Recordings of sleep as the staging network is shown them: prepared once, kept on disk, drawn from in batches."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.errors import TrainingError
from inference.labels.files import write_json
from inference.labels.hypnograms import EPOCH_S
from inference.models.sleep_staging import CLASSES, ELECTRODES, N_EPOCHS, SleepStagingConfig
from inference.recordings.recording import Recording
from inference.runtime.cards import SleepInputs
from inference.runtime.sleep_inputs import BoldSignals, SleepPreparer
from inference.signals.sleep_windows import BoldRun, gather_bold, gather_eeg, prepare_bold

CONFIG: Final = SleepStagingConfig()
INPUTS: Final = SleepInputs(
    eeg_electrodes=ELECTRODES,
    rate_hz=CONFIG.rate_hz,
    epoch_s=CONFIG.epoch_s,
    n_epochs=N_EPOCHS,
    lff_hz=0.3,
    hff_hz=35.0,
    n_regions=CONFIG.n_regions,
    n_volumes=CONFIG.n_volumes,
    tr_s=CONFIG.tr_s,
)
UNKNOWN: Final = -1
RECORD_NAME: Final = "session.json"


@dataclass(frozen=True, slots=True, eq=False)
class SleepSession:
    """One recording as the network is shown it.

    Attributes
    ----------
    subject : whose it is; nobody is trained on and tested on at once.
    epochs : (epochs, electrodes, samples) float16, Euclidean-aligned; NaN in epochs with a gap.
    present : (electrodes,) whether there is a signal.
    bold : the run beside it, None where there was none.
    stage : (epochs,) index into ``CLASSES``, -1 where nobody knows.
    """

    subject: str
    epochs: NDArray[np.float16]
    present: NDArray[np.bool_]
    bold: BoldRun | None
    stage: NDArray[np.int64]

    @property
    def scored(self) -> NDArray[np.int64]:
        """Numbers of the epochs whose stage is known."""
        return np.flatnonzero(self.stage != UNKNOWN)


def prepare_session(
    subject: str,
    recording: Recording,
    stages: Sequence[str],
    bold: BoldRun | None,
    *,
    exclude: Collection[str] = (),
    aligned: bool = True,
) -> SleepSession:
    """Prepare a recording whose epochs of 30 s begin with it; a stage that is none of ``CLASSES`` counts as unknown.

    Parameters
    ----------
    exclude : names of channels that are taken as not recorded.
    aligned : False leaves out the Euclidean alignment, to see what it is good for.

    Raises
    ------
    AnalysisError
        No epoch has an EEG without a gap.
    """
    inputs = INPUTS if aligned else replace(INPUTS, scale="robust")
    preparer = SleepPreparer(recording, inputs, exclude=exclude)
    epochs = preparer.read_epochs(0, len(stages)).astype(np.float16)
    stage = np.array([CLASSES.index(code) if code in CLASSES else UNKNOWN for code in stages], dtype=np.int64)
    return SleepSession(subject, epochs, preparer.plan.eeg_present > 0, bold, stage)


def keep_session(folder: Path, session: SleepSession, made_from: Mapping[str, Any]) -> None:
    """Keep a session in a folder, with everything that it depends on; it counts as kept once that is written."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "epochs.npy", session.epochs)
    if session.bold is not None:
        np.save(folder / "bold.npy", session.bold.series)
    fields = {
        "made_from": made_from,
        "subject": session.subject,
        "present": session.present.tolist(),
        "stage": session.stage.tolist(),
        "bold": None if session.bold is None else {"onset_s": session.bold.onset_s, "tr_s": session.bold.tr_s},
    }
    write_json(folder / RECORD_NAME, fields)


def find_session(folder: Path, made_from: Mapping[str, Any]) -> SleepSession | None:
    """Give the session kept in a folder, None where there is none, or another one, or not all of it."""
    try:
        fields = json.loads((folder / RECORD_NAME).read_bytes())
        if fields["made_from"] != json.loads(json.dumps(made_from)):
            return None
        epochs = np.load(folder / "epochs.npy", mmap_mode="r")
        bold = None if fields["bold"] is None else BoldRun(np.load(folder / "bold.npy"), **fields["bold"])
        present, stage = np.array(fields["present"], bool), np.array(fields["stage"], np.int64)
        return SleepSession(fields["subject"], epochs, present, bold, stage)
    except (OSError, ValueError, KeyError, TypeError):
        return None


class SleepBatch(NamedTuple):
    """What the network takes, and the stage of each example."""

    eeg: Tensor
    eeg_present: Tensor
    bold: Tensor
    bold_present: Tensor
    stage: Tensor


def gather(session: SleepSession, epochs: Sequence[int], *, eeg: bool = True, bold: bool = True) -> SleepBatch:
    """Give some epochs of a session as a batch, with either modality hidden if it is not wanted."""
    indices = np.asarray(epochs, dtype=np.int64)
    if eeg:
        windows, present = gather_eeg(session.epochs, session.present.tolist(), indices.tolist())
    else:
        windows = np.zeros((len(indices), N_EPOCHS, len(ELECTRODES), CONFIG.epoch_samples), np.float32)
        present = np.zeros((len(indices), N_EPOCHS, len(ELECTRODES)), np.float32)
    if bold and session.bold is not None:
        onsets_s = (indices * EPOCH_S).tolist()
        contexts, bold_present = gather_bold(session.bold, onsets_s, EPOCH_S, CONFIG.n_volumes)
    else:
        contexts = np.zeros((len(indices), CONFIG.n_regions, CONFIG.n_volumes), np.float32)
        bold_present = np.zeros((len(indices), 1), np.float32)
    arrays = (windows, present, contexts, bold_present, session.stage[indices])
    return SleepBatch(*(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays))


@dataclass(frozen=True, slots=True)
class Hiding:
    """Shares of training examples from which the fMRI, or all but a few electrodes, are hidden.

    The EEG is hidden by the network itself. ``fewest_electrodes`` are always left.
    """

    bold: float = 0.0
    electrodes: float = 0.0
    fewest_electrodes: int = 4


class SleepSampler:
    """Draws batches: a stage is as likely as the root of its share, an epoch of it as likely as any other.

    The batch of a step depends on the seed and the step alone.

    Parameters
    ----------
    chosen : of each session, the numbers of the epochs to draw from; all scored ones by default.

    Raises
    ------
    TrainingError
        There is no epoch with a stage.
    """

    def __init__(
        self,
        sessions: Sequence[SleepSession],
        seed: int,
        *,
        chosen: Sequence[NDArray[np.int64]] | None = None,
        eeg: bool = True,
        bold: bool = True,
        hiding: Hiding | None = None,
    ) -> None:
        self._sessions, self._seed, self._eeg, self._bold = sessions, seed, eeg, bold
        self._hiding = hiding or Hiding()
        chosen = [session.scored for session in sessions] if chosen is None else chosen
        places = [(i, epoch, sessions[i].stage[epoch]) for i, epochs in enumerate(chosen) for epoch in epochs.tolist()]
        self._places = {stage: [p[:2] for p in places if p[2] == stage] for stage in range(len(CLASSES))}
        counts = np.array([len(self._places[stage]) for stage in range(len(CLASSES))], dtype=np.float64)
        if not counts.any():
            raise TrainingError("There is no epoch of sleep with a known stage to learn from.")
        self._shares = np.sqrt(counts) / np.sqrt(counts).sum()

    def batch(self, step: int, size: int) -> SleepBatch:
        """Draw the batch of a step."""
        rng = np.random.default_rng((self._seed, step))
        parts = []
        for stage in rng.choice(len(CLASSES), size=size, p=self._shares):
            index, epoch = self._places[int(stage)][rng.integers(len(self._places[int(stage)]))]
            part = gather(self._sessions[index], [epoch], eeg=self._eeg, bold=self._bold)
            parts.append(self._hide(part, rng))
        return SleepBatch(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))

    def _hide(self, part: SleepBatch, rng: np.random.Generator) -> SleepBatch:
        hide_bold, hide_electrodes = rng.random() < self._hiding.bold, rng.random() < self._hiding.electrodes
        if hide_bold and part.eeg_present.any():
            part = part._replace(bold_present=torch.zeros_like(part.bold_present))
        if hide_electrodes:
            n_all = part.eeg_present.shape[-1]
            kept = torch.zeros(n_all)
            kept[torch.from_numpy(rng.permutation(n_all)[: rng.integers(self._hiding.fewest_electrodes, n_all)])] = 1.0
            part = part._replace(eeg_present=part.eeg_present * kept)
        return part


def bold_run(signals: BoldSignals) -> BoldRun:
    """Bring the regional signals of a run to what the network was trained on."""
    return prepare_bold(signals.series, signals.onset_s, signals.tr_s, CONFIG.tr_s)
