"""OpenNeuro ds003768: simultaneous EEG and fMRI of 33 people on falling asleep, as it is downloaded.

Source: Gu et al. 2023 (doi:10.18112/openneuro.ds003768, CC0). EEG is BrainVision, 32 channels at 5 kHz with the
artefacts of scanner and heart still in it and an R128 marker for each volume; BOLD has a TR of 2.1 s, in the subjects'
own space; `sourcedata` has a table of 30-s stages for each subject. Epochs whose stage is free text ("uncertain",
"unscorable") are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import ImagingError, LabelError
from inference.imaging.alignment import align
from inference.imaging.artefacts import find_beats, subtract_gradient, subtract_pulse
from inference.imaging.atlas import Atlas, labels_on_grid
from inference.imaging.atlas_file import find_atlas
from inference.imaging.roi_series import region_means
from inference.imaging.space import place
from inference.imaging.triggers import TriggerTrain, find_trigger_train
from inference.imaging.volumes import open_volumes
from inference.imaging.voxels import voxel_statistics
from inference.labels.hypnogram_formats.ds003768 import read_ds003768
from inference.labels.hypnograms import Hypnogram
from inference.recordings.array import ArrayRecording
from inference.recordings.opening import open_recording
from inference.recordings.recording import Channel, ChannelKind, Recording
from inference.runtime.sleep_inputs import BoldSignals
from inference.signals.resampling import resample
from inference.training.corpora.recordings import SleepCorpus, SleepRecording
from inference.training.corpora.segments import find_files
from inference.training.sleep_sessions import SleepSession, bold_run, prepare_session

_TABLE: Final = re.compile(r"(sub-[0-9A-Za-z]+)-sleep-stage\.tsv")
_EEG_ENDINGS: Final = (".vhdr", ".edf", ".set", ".bdf")
_IMAGE_ENDINGS: Final = (".nii.gz", ".nii")
#: EEG that was recorded this fast in a scanner has the gradients still in it: slower, none could be taken out.
_RAW_FROM_HZ: Final = 1000.0
#: Enough for everything that is scored, and for the heart.
_CLEAN_HZ: Final = 250.0
_CHANNELS_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class SleepRun:
    """One session of one subject.

    Attributes
    ----------
    subject, session : such as ``sub-01`` and ``task-sleep_run-1``.
    hypnogram : its stages; what the scorers left open is unscored.
    eeg, bold : its files, None where they were not downloaded.
    """

    subject: str
    session: str
    hypnogram: Hypnogram
    eeg: Path | None
    bold: Path | None


def find_runs(folder: Path) -> tuple[SleepRun, ...]:
    """Find every scored session of the data set, by subject and session.

    Raises
    ------
    RecordingError
        The folder is not there.
    LabelError
        It holds no table of stages, or a table cannot be read.
    """
    tables = find_files(folder, _TABLE)
    if not tables:
        raise LabelError(f"{folder} is not ds003768: it has no table sourcedata/sub-..-sleep-stage.tsv.")
    runs = []
    for table in tables:
        match = _TABLE.fullmatch(table.name)
        assert match is not None
        subject = match[1]
        for session, hypnogram in read_ds003768(table).items():
            stem = f"{subject}_{session}"
            eeg = _first_file(folder / subject / "eeg" / f"{stem}_eeg", _EEG_ENDINGS)
            bold = _first_file(folder / subject / "func" / f"{stem}_bold", _IMAGE_ENDINGS)
            runs.append(SleepRun(subject, session, hypnogram, eeg, bold))
    return tuple(runs)


def read_ds003768_sleep(folder: Path) -> SleepCorpus:
    """Read which sessions there are and how they were staged; no signal is read.

    Raises
    ------
    LabelError, RecordingError
        As `find_runs`; or none of the EEG was downloaded.
    """
    runs = find_runs(folder)
    recordings = tuple(SleepRecording(run.subject, run.eeg, run.hypnogram) for run in runs if run.eeg is not None)
    if not recordings:
        raise LabelError(f"{folder} has the stages of ds003768 but none of its EEG (sub-../eeg).")
    n_missing = len(runs) - len(recordings)
    problems = (f"The EEG of {n_missing} of {len(runs)} sessions was not downloaded: left out.",)
    return SleepCorpus("ds003768", recordings, problems if n_missing else ())


def _first_file(stem: Path, endings: tuple[str, ...]) -> Path | None:
    candidates = (stem.with_name(stem.name + ending) for ending in endings)
    return next((path for path in candidates if path.is_file()), None)


def read_sessions(folder: Path) -> Iterator[SleepSession]:
    """Read every session whose EEG was downloaded, prepared for the network, with its BOLD where that is there too.

    Regions are those of the Schaefer atlas where it is installed, else the approximate ones.

    Raises
    ------
    LabelError
        The folder is not the data set, or none of its EEG is there.
    RecordingError, ImagingError
        A file cannot be read.
    """
    present = [run for run in find_runs(folder) if run.eeg is not None]
    if not present:
        raise LabelError(f"{folder} has the stages of ds003768 but none of its EEG (sub-../eeg).")
    atlas, _ = find_atlas()
    for run in present:
        yield read_session(run, atlas)


def read_session(run: SleepRun, atlas: Atlas) -> SleepSession:
    """Read one session whose EEG is there; see `read_sessions`."""
    recording, bold = open_run(run, atlas)
    return prepare_session(run.subject, recording, run.hypnogram.stages, None if bold is None else bold_run(bold))


def open_run(run: SleepRun, atlas: Atlas) -> tuple[Recording, BoldSignals | None]:
    """Open the EEG of a session, without artefacts of scanner and heart, and the BOLD signals beside it.

    Both begin with the first volume, and so does the first epoch: the corpus does not say so, but its tables are as
    long as its runs, while its EEG is some seconds longer.

    Raises
    ------
    LabelError
        The EEG was not downloaded.
    RecordingError, ImagingError
        A file cannot be read.
    """
    if run.eeg is None:
        raise LabelError(f"The EEG of {run.subject}, {run.session}, was not downloaded.")
    recording = open_recording(run.eeg)
    train, _ = find_trigger_train(recording.annotations, None, 0)
    start_s = 0.0 if train is None else max(0.0, train.onset_s)
    bold = None if run.bold is None else read_bold(run.bold, recording, atlas)
    if bold is not None:
        bold = replace(bold, onset_s=bold.onset_s - start_s)
    return _begin_at(clean_eeg(recording), start_s), bold


def _begin_at(recording: Recording, start_s: float) -> Recording:
    """Leave out what was recorded before a time."""
    if start_s * max((channel.rate_hz for channel in recording.channels), default=0.0) < 1.0:
        return recording
    chosen = range(len(recording.channels))
    signals = recording.read(chosen, start_s, recording.duration_s - start_s)
    return ArrayRecording(recording.channels, signals, path=recording.path)


def clean_eeg(recording: Recording) -> Recording:
    """Take the artefacts of scanner and heart out of raw EEG by average subtraction, and bring it to 250 Hz.

    EEG slower than 1 kHz, or without a marker for each volume, is given back as it is.
    """
    rates_hz = {channel.rate_hz for channel in recording.channels}
    train, _ = find_trigger_train(recording.annotations, None, 0)
    if train is None or min(rates_hz, default=0.0) < _RAW_FROM_HZ:
        return recording
    wanted = recording.of_kind(ChannelKind.EEG, ChannelKind.EOG, ChannelKind.ECG)
    cleaned: dict[int, NDArray[np.float32]] = {}
    for start in range(0, len(wanted), _CHANNELS_AT_ONCE):
        chosen = wanted[start : start + _CHANNELS_AT_ONCE]
        for index, signal in zip(chosen, _without_gradient(recording, chosen, train), strict=True):
            cleaned[index] = signal
    _subtract_heart(recording, cleaned)
    channels = [_at_rate(recording.channels[index], _CLEAN_HZ) for index in wanted]
    return ArrayRecording(channels, [cleaned[index] for index in wanted], recording.start, path=recording.path)


def _without_gradient(recording: Recording, chosen: tuple[int, ...], train: TriggerTrain) -> list[NDArray[np.float32]]:
    rate_hz = recording.channels[chosen[0]].rate_hz
    signals = np.stack(recording.read(chosen, 0.0, recording.duration_s))
    whole = subtract_gradient(signals, rate_hz, train.onsets_s)
    return [np.asarray(signal, dtype=np.float32) for signal in resample(whole, rate_hz, _CLEAN_HZ)]


def _subtract_heart(recording: Recording, cleaned: dict[int, NDArray[np.float32]]) -> None:
    """Take the heart out in place, where there is an ECG that shows enough of its beats."""
    ecg = recording.of_kind(ChannelKind.ECG)
    if not ecg:
        return
    beats_s = find_beats(cleaned[ecg[0]], _CLEAN_HZ)
    others = [index for index in cleaned if index not in ecg]
    try:
        corrected = subtract_pulse(np.stack([cleaned[index] for index in others]), _CLEAN_HZ, beats_s)
    except ImagingError:
        return  # too few beats: what is there stays
    cleaned.update(zip(others, corrected, strict=True))


def _at_rate(channel: Channel, rate_hz: float) -> Channel:
    return Channel(channel.name, channel.kind, channel.unit, rate_hz, channel.electrode, channel.reference)


def read_bold(path: Path, recording: Recording, atlas: Atlas) -> BoldSignals | None:
    """Read the regional signals of a run on the clock of its EEG, None where nothing tells how long a volume takes.

    Raises
    ------
    ImagingError
        The image cannot be read, or it cannot be told where its regions are.
    """
    volumes = open_volumes(path)
    placed = place(volumes, voxel_statistics(volumes))
    if not placed.trusted:
        raise ImagingError(f"{path} cannot be used: {placed.sentence}")
    alignment = align(volumes, recording)
    if alignment is None:
        return None
    means = region_means(volumes, labels_on_grid(atlas, volumes.grid, placed.to_mni))
    return BoldSignals(means.values, alignment.offset_s, alignment.tr_s)
