"""Miniatures of public corpora: the files' names and texts as their documentation has them, the signals noise."""

from datetime import datetime
from pathlib import Path

import edfio
import numpy as np

from inference.labels.hypnogram_formats import write_hypnogram
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_stages import RECHTSCHAFFEN_KALES

CHB_CHAINS = (
    *("FP1-F7", "F7-T7", "T7-P7", "P7-O1", "FP1-F3", "F3-C3", "C3-P3", "P3-O1"),
    *("FP2-F4", "F4-C4", "C4-P4", "P4-O2", "FP2-F8", "F8-T8", "T8-P8", "P8-O2"),
    *("FZ-CZ", "CZ-PZ", "P7-T7", "T7-FT9", "FT9-FT10", "FT10-T8", "T8-P8"),
)
#: Later files of some cases have gaps between the chains, and an ECG or a stimulator's trace among them.
CHB_WITH_GAPS = (*CHB_CHAINS[:4], "-", *CHB_CHAINS[4:8], "-", *CHB_CHAINS[8:16], "-", "FZ-CZ", "CZ-PZ", "ECG", "VNS")
#: Three files of chb12 are against one electrode.
CHB_REFERENTIAL = tuple(f"{name}-CS2" for name in ("F7", "T7", "P7", "FP1", "F3", "C3", "P3", "O1", "FZ", "CZ", "PZ"))
SIENA_CHANNELS = tuple(f"EEG {name}" for name in ("Fp1", "F3", "C3", "P3", "O1", "F7", "T3", "T5", "Fz", "CZ", "Pz"))

CHB01_SUMMARY = """\
Data Sampling Rate: 256 Hz
*************************

Channels in EDF Files:
**********************
Channel 1: FP1-F7
Channel 2: F7-T7

File Name: chb01_01.edf
File Start Time: 11:42:54
File End Time: 12:42:54
Number of Seizures in File: 0

File Name: chb01_03.edf
File Start Time: 13:43:04
File End Time: 14:43:04
Number of Seizures in File: 1
Seizure Start Time: 4 seconds
Seizure End Time: 9 seconds

Channels changed:
*****************
Channel 1: FP1-F7
Channel 2: F7-T7
Channel 5: -

File Name: chb01_04.edf
File Start Time: 23:43:04
File End Time: 24:43:04
Number of Seizures in File: 2
Seizure 1 Start Time:       2 seconds
Seizure 1 End Time:         3 seconds
Seizure 2 Start Time: 6 seconds
Seizure 2 End Time: 8 seconds
"""
CHB24_SUMMARY = """\
File Name: chb21_01.edf
Number of Seizures in File: 2
Seizure Start Time: 1 seconds
Seizure End Time: 2 seconds
Seizure Start Time: 5 seconds
Seizure End Time: 7 seconds
"""


def write_edf(path: Path, labels, *, duration_s: int = 10, rate_hz: int = 256, start: datetime | None = None) -> Path:
    rng = np.random.default_rng(len(labels))
    path.parent.mkdir(parents=True, exist_ok=True)
    signals = [
        edfio.EdfSignal(
            rng.normal(0, 30, rate_hz * duration_s),
            rate_hz,
            label=label,
            physical_dimension="uV",
            physical_range=(-800, 800),
        )
        for label in labels
    ]
    moment = start or datetime(2020, 1, 1)
    edfio.Edf(signals, recording=edfio.Recording(startdate=moment.date()), starttime=moment.time()).write(path)
    return path


def write_chb_mit(folder: Path) -> Path:
    (folder / "chb01").mkdir(parents=True)
    (folder / "chb01" / "chb01-summary.txt").write_text(CHB01_SUMMARY)
    write_edf(folder / "chb01" / "chb01_01.edf", CHB_CHAINS)
    write_edf(folder / "chb01" / "chb01_03.edf", CHB_CHAINS)
    write_edf(folder / "chb01" / "chb01_04.edf", CHB_WITH_GAPS)
    write_edf(folder / "chb21" / "chb21_01.edf", CHB_REFERENTIAL)
    (folder / "chb21" / "chb21-summary.txt").write_text(CHB24_SUMMARY)
    return folder


def siena_block(number, file, registration, onset, end, prefix="Seizure ") -> str:
    return (
        f"Seizure n {number}\nFile name: {file}\n{registration}{prefix}start time: {onset}\n{prefix}end time: {end}\n\n"
    )


def write_siena(folder: Path, patient: str, text: str, starts) -> Path:
    """Write a patient's list and recordings of 100 s that start at these clock times."""
    for stem, clock in starts.items():
        start = datetime.strptime(f"2017-01-01 {clock}", "%Y-%m-%d %H.%M.%S")
        write_edf(folder / patient / f"{stem}.edf", SIENA_CHANNELS, duration_s=100, rate_hz=16, start=start)
    (folder / patient / f"Seizures-list-{patient}.txt").write_bytes(
        f"{patient}\n\nChannel 5: 1\n\n{text}".encode("latin-1")
    )
    return folder


def write_night(folder: Path, night: str, stages, *, start=datetime(1989, 4, 24, 16, 13)) -> Path:
    """Write a pair of Sleep-EDF."""
    path = folder / f"{night}E0-PSG.edf"
    write_edf(path, ("EEG Fpz-Cz", "EEG Pz-Oz"), duration_s=30 * len(stages), start=start, rate_hz=100)
    path = folder / f"{night}EC-Hypnogram.edf"
    write_hypnogram(path, Hypnogram(tuple(stages), stage_set=RECHTSCHAFFEN_KALES), "edf")
    content = bytearray(path.read_bytes())
    content[168:184] = start.strftime("%d.%m.%y%H.%M.%S").encode()
    path.write_bytes(content)
    return folder


def write_bids(folder: Path, subject: str, events: str | None, *, suffix: str = "task-sz_run-01") -> Path:
    stem = folder / f"sub-{subject}" / "ses-01" / "eeg" / f"sub-{subject}_ses-01_{suffix}"
    write_edf(stem.with_name(f"{stem.name}_eeg.edf"), ("Fp1-Avg", "C3-Avg", "O1-Avg"))
    if events is not None:
        stem.with_name(f"{stem.name}_events.tsv").write_text(events)
    return folder
