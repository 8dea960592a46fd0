"""Opening an fMRI run behind the window's back, and reading it as a recording where there is no EEG."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QThread, Signal

from inference.errors import RecordingError, RepetitionTimeError, SpasmlensError
from inference.imaging.bids import is_image
from inference.imaging.fmri_study import FmriOptions, FmriStudy, find_studies, open_fmri
from inference.imaging.parcels import NETWORKS
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind, Recording

_log = logging.getLogger(__name__)
_SUFFIXES_OF_FOLDERS = (".mff", ".ds")
#: Where runs lie below the folder of a data set, a subject or a session.
_RUNS = ("*", "func/*", "*/func/*", "*/*/func/*")


@dataclass(frozen=True, slots=True)
class FmriRequest:
    """Which run is to be opened; ``recording`` None reads it by itself, ``path`` None looks beside the recording."""

    recording: Recording | None
    path: Path | None
    options: FmriOptions


class _AbandonedError(Exception):
    """Nobody waits any more."""


class FmriThread(QThread):
    """Opens one run.

    Signals
    -------
    progressed : a sentence and a fraction, 0 to 1.
    opened : an `FmriStudy`, or None where no run lies beside the recording.
    failed(str, bool) : one sentence, and whether a TR set by hand would help.

    The thread's object lives in the GUI thread; only `run` is elsewhere.
    """

    progressed = Signal(str, float)
    opened = Signal(object)
    failed = Signal(str, bool)

    def __init__(self, request: FmriRequest, parent: QObject) -> None:
        super().__init__(parent)
        self._request = request
        self._is_abandoned = False

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody waits for this run any more."""
        return self._is_abandoned

    def abandon(self) -> None:
        """Say that nobody waits for this run any more: it ends at the next step, its signals are to be ignored."""
        self._is_abandoned = True

    def run(self) -> None:
        """Open the run; runs in this thread."""
        request = self._request
        try:
            study = open_fmri(request.recording, request.path, request.options, self._report)
        except _AbandonedError:
            return
        except SpasmlensError as error:
            self.failed.emit(str(error), isinstance(error, RepetitionTimeError))
        except Exception:
            _log.exception("opening %s", request.path)
            self.failed.emit("Opening the fMRI failed because of a fault in Spasmlens itself.", False)
        else:
            self.opened.emit(study)

    def _report(self, sentence: str, fraction: float) -> None:
        if self._is_abandoned:
            raise _AbandonedError
        self.progressed.emit(sentence, fraction)


def locate_study(path: Path) -> tuple[Path, Path | None]:
    """Give the recording and the run that a path stands for: a recording, a run by itself, or a folder with both.

    Raises
    ------
    RecordingError
        It is a folder with neither.
    """
    if not path.is_dir() or path.suffix.lower() in _SUFFIXES_OF_FOLDERS:
        return path, path if is_image(path) else None
    pairs = find_studies(path)
    if pairs:
        return pairs[0]
    runs = [run for pattern in _RUNS for run in sorted(path.glob(pattern)) if is_image(run) and run.is_file()]
    named = [run for run in runs if "_bold." in run.name] or runs
    if not named:
        raise RecordingError(f"{path} cannot be opened: no EEG with an fMRI run beside it lies in this folder.")
    return named[0], named[0]


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
