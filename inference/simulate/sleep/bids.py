"""Simulated EEG-fMRI as a BIDS data set, laid out as OpenNeuro ds003768 is: EEG, BOLD and, apart, the true stages."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from inference.errors import RecordingError
from inference.labels.bids import BIDS_VERSION
from inference.labels.files import NOT_AVAILABLE, format_seconds, write_bytes, write_json, write_table
from inference.labels.hypnogram_formats.ds003768 import write_ds003768
from inference.labels.hypnograms import EPOCH_S, Hypnogram
from inference.recordings.recording import Channel, ChannelKind, Recording
from inference.simulate.sleep.bold import TR_S
from inference.simulate.sleep.night import VOLUME_TRIGGER, SleepCase, simulate_sleep
from inference.simulate.sleep.patients import Setting, SleepPatient, draw_sleeper
from inference.simulate.sleep.volumes import VOXEL_MM, bold_image
from inference.simulate.writing import truth_table

#: A session of ds003768.
SESSION_S: Final = 900.0
#: Fast enough for EEG and EMG; ds003768 was recorded at 5 kHz, with the gradients still in it.
EEG_RATE_HZ: Final = 250.0
_TYPES: Mapping[ChannelKind, str] = {ChannelKind.EEG: "EEG", ChannelKind.EOG: "EOG", ChannelKind.EMG: "EMG"}
_TASK: Final = "sleep"
_LICENCE: Final = "CC0"


def write_eeg_fmri(
    seed: int, duration_s: float, folder: Path, on_progress: Callable[[float], None] | None = None
) -> tuple[Path, ...]:
    """Simulate a sleeper in the scanner and add them to a BIDS data set, which is made if need be.

    The time is divided into sessions of 15 min, the last one shorter. Gives the paths: the EEG first, then the image
    of each session, then the stages.

    Raises
    ------
    RecordingError
        The data set has this subject already, or the folder cannot be written to.
    LabelError
        A file cannot be written.
    """
    subject = f"sub-{seed:02d}"
    stages_path = folder / "sourcedata" / f"{subject}-sleep-stage.tsv"
    if (folder / subject).exists() or stages_path.exists():
        raise RecordingError(f"{folder / subject} exists already and is not overwritten.")
    report = on_progress or _ignore
    patient = draw_sleeper(seed, Setting.SCANNER)
    n_runs = max(1, int(np.ceil(duration_s / SESSION_S)))
    written: list[Path] = []
    hypnograms: dict[str, Hypnogram] = {}
    for run in range(n_runs):
        length_s = min(SESSION_S, max(EPOCH_S, duration_s - run * SESSION_S))
        case = simulate_sleep(
            seed,
            length_s,
            EEG_RATE_HZ,
            session=run,
            patient=patient,
            on_progress=lambda share, run=run: report((run + 0.8 * share) / n_runs),  # type: ignore[misc]
        )
        name = f"task-{_TASK}_run-{run + 1}"
        written += _write_run(folder, subject, name, case, seed + 7919 * run)
        hypnograms[name] = case.hypnogram
        report((run + 1) / n_runs)
    written.append(write_ds003768(stages_path, hypnograms))
    _describe_data_set(folder, subject, patient)
    return tuple(written)


def _write_run(folder: Path, subject: str, name: str, case: SleepCase, seed: int) -> list[Path]:
    """Write EEG, BOLD and truth of one session."""
    eeg = folder / subject / "eeg" / f"{subject}_{name}_eeg.vhdr"
    func = folder / subject / "func" / f"{subject}_{name}_bold.nii.gz"
    recording = case.recording
    try:
        eeg.parent.mkdir(parents=True, exist_ok=True)
        _write_brainvision(recording, eeg)
    except OSError as error:
        raise RecordingError(f"{eeg} cannot be written: {error.strerror}.") from error
    write_json(eeg.with_suffix(".json"), _eeg_sidecar(case))
    stem = eeg.name.removesuffix("_eeg.vhdr")
    rows = [_channel_row(channel, case) for channel in recording.channels]
    columns = ("name", "type", "units", "sampling_frequency", "reference", "description")
    write_table(eeg.with_name(f"{stem}_channels.tsv"), columns, rows)
    triggers = [(format_seconds(a.onset_s), "0.000", a.label) for a in recording.annotations]
    write_table(eeg.with_name(f"{stem}_events.tsv"), ("onset", "duration", "trial_type"), triggers)
    write_json(eeg.with_name(f"{stem}_events.json"), _event_columns())
    assert case.bold is not None
    write_bytes(func, bold_image(case.bold, seed))
    write_json(func.with_name(func.name.replace(".nii.gz", ".json")), _bold_sidecar())
    write_bytes(folder / "sourcedata" / f"{subject}_{name}_desc-truth_events.tsv", truth_table(case.truth).encode())
    return [eeg, func]


def _write_brainvision(recording: Recording, path: Path) -> None:
    """Write header, samples in microvolts, and markers as a scanner's amplifier writes them: Response, R128."""
    import pybv

    rate_hz = recording.channels[0].rate_hz
    signals = np.stack(recording.read(range(len(recording.channels)), 0.0, recording.duration_s))
    markers = [
        {
            "onset": round(note.onset_s * rate_hz),
            "duration": 1,
            "type": "Response",
            "description": int(note.label.removeprefix("R")),
        }
        for note in recording.annotations
    ]
    pybv.write_brainvision(
        data=signals.astype(np.float64) * 1e-6,
        sfreq=rate_hz,
        ch_names=[channel.name for channel in recording.channels],
        fname_base=path.stem,
        folder_out=path.parent,
        events=markers,
        meas_date=recording.start,
    )


def _eeg_sidecar(case: SleepCase) -> dict[str, Any]:
    recording = case.recording
    kinds = [channel.kind for channel in recording.channels]
    return {
        "TaskName": _TASK,
        "TaskDescription": "Lying in the scanner, free to fall asleep. Simulated: nobody was recorded.",
        "Manufacturer": "simulated",
        "SamplingFrequency": recording.channels[0].rate_hz,
        "EEGReference": case.patient.reference,
        "EEGPlacementScheme": "10-10",
        "PowerLineFrequency": case.patient.technical.line_hz,
        "SoftwareFilters": {
            "Artefact correction": {
                "description": "Simulated as what average artefact subtraction leaves of gradients and heart"
            }
        },
        "EEGChannelCount": kinds.count(ChannelKind.EEG),
        "EOGChannelCount": kinds.count(ChannelKind.EOG),
        "EMGChannelCount": kinds.count(ChannelKind.EMG),
        "ECGChannelCount": 0,
        "RecordingType": "continuous",
        "RecordingDuration": recording.duration_s,
    }


def _channel_row(channel: Channel, case: SleepCase) -> tuple[str, ...]:
    reference = case.patient.reference if channel.kind is ChannelKind.EEG else NOT_AVAILABLE
    return (channel.name, _TYPES[channel.kind], "uV", f"{channel.rate_hz:g}", reference, "simulated")


def _event_columns() -> dict[str, Any]:
    return {
        "onset": {"Description": "Time from the start of the recording", "Units": "s"},
        "duration": {"Description": "Duration of the event", "Units": "s"},
        "trial_type": {
            "Description": "What happened",
            "Levels": {VOLUME_TRIGGER: "The scanner began a volume"},
        },
    }


def _bold_sidecar() -> dict[str, Any]:
    return {
        "TaskName": _TASK,
        "RepetitionTime": TR_S,
        "EchoTime": 0.025,
        "FlipAngle": 90,
        "MagneticFieldStrength": 3,
        "Manufacturer": "simulated",
        "Instructions": "Simulated: nobody was scanned.",
        "CogAtlasID": "https://www.cognitiveatlas.org/task/id/trm_4c8a834779883",
    }


def _describe_data_set(folder: Path, subject: str, patient: SleepPatient) -> None:
    """Write what concerns the whole data set, and add the subject to its participants."""
    write_json(
        folder / "dataset_description.json",
        {
            "Name": "Simulated EEG-fMRI of sleep",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "raw",
            "License": _LICENCE,
            "Authors": ["Spasmlens (simulated)"],
            "GeneratedBy": [{"Name": "Spasmlens", "Description": "spasmlens simulate eeg-fmri"}],
        },
    )
    write_bytes(folder / "README.md", _README.encode())
    write_bytes(folder / ".bidsignore", b"sourcedata\n")
    path = folder / "participants.tsv"
    rows = {subject: (subject, f"{patient.age_years:.0f}", str(patient.seed))}
    if path.exists():
        known = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:])
        rows = {row[0]: (row[0], row[1], row[2]) for row in known} | rows
    write_table(path, ("participant_id", "age", "seed"), [rows[name] for name in sorted(rows)])
    write_json(
        folder / "participants.json",
        {
            "age": {"Description": "Age of the simulated sleeper", "Units": "year"},
            "seed": {"Description": "Seed that makes the same sleeper again: spasmlens simulate eeg-fmri --seed"},
        },
    )


def _ignore(share: float) -> None:
    """Take no notice of progress."""


_README: Final = f"""# Simulated EEG-fMRI of sleep

Nobody was recorded: EEG, EOG, chin EMG and BOLD signals are simulated. The layout is that of OpenNeuro ds003768:
sessions of 15 min, a volume every {TR_S:g} s whose start the EEG marks with {VOLUME_TRIGGER}, and in `sourcedata` the
stage of every 30-s epoch, here the true one, with the waves and movements that were put in.

The images lie in MNI space in voxels of {VOXEL_MM} mm. Their regions are an *approximate* Schaefer parcellation of
100 regions, made from published centroids; it is not the atlas itself.
"""
