"""Which recordings and runs a path stands for, and a run read as a recording where there is no EEG."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.errors import RecordingError
from inference.imaging.bids import find_bold, is_image
from inference.imaging.fmri_study import FmriStudy, find_studies
from inference.imaging.parcels import NETWORKS
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind

_SUFFIXES_OF_FOLDERS = (".mff", ".ds")
#: Where runs lie below the folder of a data set, a subject or a session.
_RUNS = ("*", "func/*", "*/func/*", "*/*/func/*")


class StudyFiles(NamedTuple):
    """A recording and the run of fMRI to be opened with it.

    ``fmri`` is None where none is named: what lies beside the recording is looked for. It is the recording itself where
    there is no EEG.
    """

    recording: Path
    fmri: Path | None


def locate_studies(path: Path) -> tuple[StudyFiles, ...]:
    """Give what a path may stand for: a recording, a run by itself, or each pair of a folder; never nothing.

    Raises
    ------
    RecordingError
        It is a folder with neither.
    """
    if not path.is_dir() or path.suffix.lower() in _SUFFIXES_OF_FOLDERS:
        runs = () if is_image(path) else find_bold(path)
        return tuple(StudyFiles(path, run) for run in runs) or (StudyFiles(path, path if is_image(path) else None),)
    pairs = find_studies(path)
    if pairs:
        return tuple(StudyFiles(eeg, run) for eeg, best in pairs for run in find_bold(eeg) or (best,))
    runs = [run for pattern in _RUNS for run in sorted(path.glob(pattern)) if is_image(run) and run.is_file()]
    named = [run for run in runs if "_bold." in run.name] or runs
    if not named:
        raise RecordingError(f"{path} cannot be opened: no EEG with an fMRI run beside it lies in this folder.")
    return tuple(StudyFiles(run, run) for run in named)


def recording_of(study: FmriStudy) -> ArrayRecording:
    """Give the signals of a run as a recording on its own clock.

    One channel for each network and hemisphere that the image covers, the mean of its regions; where no region may be
    named, the mean of each volume.
    """
    signals = _network_signals(study)
    unit = "z" if signals and study.series is not None and study.series.options.standardise else "a.u."
    if not signals:
        signals = {"BOLD": _volume_means(study)}
    rate_hz = 1 / study.alignment.tr_s
    channels = [Channel(name, ChannelKind.OTHER, unit, rate_hz) for name in signals]
    return ArrayRecording(channels, list(signals.values()), path=study.volumes.path)


def _network_signals(study: FmriStudy) -> dict[str, NDArray[np.float32]]:
    signals: dict[str, NDArray[np.float32]] = {}
    if study.series is None:
        return signals
    for network in NETWORKS:
        for side, letter in (("left", "L"), ("right", "R")):
            rows = [p.label - 1 for p in study.atlas.parcels if p.network == network and p.hemisphere == side]
            values = study.series.values[:, rows]
            known = np.isfinite(values)
            sums, counts = np.where(known, values, 0).sum(axis=1), known.sum(axis=1)
            if known.any():
                means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
                signals[f"{network} {letter}"] = means.astype(np.float32)
    return signals


def _volume_means(study: FmriStudy) -> NDArray[np.float32]:
    """Average the voxels that ever change, one volume in memory at a time."""
    volumes, alive = study.volumes, study.statistics.sd > 0
    means = np.full(volumes.n_volumes, np.nan, dtype=np.float32)
    for index in range(volumes.n_volumes):
        voxels = volumes.volume(index)[alive]
        known = voxels[np.isfinite(voxels)]
        if known.size:
            means[index] = known.mean()
    return means
