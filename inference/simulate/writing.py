"""Write a simulated case as EDF+ with its ground truth beside it."""

import csv
import io
from pathlib import Path
from typing import Protocol

import edfio
import numpy as np
from numpy.typing import NDArray

from inference.errors import RecordingError
from inference.recordings.recording import Channel, Recording
from inference.simulate.truth import TruthEvent

#: Columns of the truth: SzCORE's and BIDS's names first.
TRUTH_COLUMNS = ("onset", "duration", "eventType", "channels", "cluster", "spasm", "role", "intensity")


class Case(Protocol):
    """What a simulator makes; ``truth`` is in order of onset."""

    @property
    def recording(self) -> Recording:
        """What was recorded."""
        ...

    @property
    def truth(self) -> tuple[TruthEvent, ...]:
        """What is true in it."""
        ...

    @property
    def stem(self) -> str:
        """What its files are called, such as ``infant-0007``: kind and seed."""
        ...


def write_case(case: Case, folder: Path, *, stem: str | None = None) -> tuple[Path, Path]:
    """Write ``<stem>.edf`` and ``<stem>_truth.tsv`` into a folder, which is made if need be, and give their paths.

    The recording holds no hint of the truth. ``stem`` defaults to the case's own.

    Raises
    ------
    RecordingError
        The folder cannot be written to, or a file of that name exists.
    """
    stem = stem or case.stem
    edf, tsv = folder / f"{stem}.edf", folder / f"{stem}_truth.tsv"
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (edf, tsv):
            path.touch(exist_ok=False)
            made.append(path)
        as_edf(case.recording, case.stem).write(edf)
        tsv.write_text(truth_table(case.truth), encoding="utf-8", newline="")
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise RecordingError(f"{error.filename} exists already and is not overwritten.") from error
        raise RecordingError(f"{folder}: the simulated case cannot be written: {error.strerror}.") from error
    return edf, tsv


def as_edf(recording: Recording, code: str) -> edfio.Edf:
    """Give a recording as EDF+ with its own annotations; ``code`` names the patient."""
    start = recording.start
    return edfio.Edf(
        [
            _signal(channel, recording.read([index], 0.0, recording.duration_s)[0])
            for index, channel in enumerate(recording.channels)
        ],
        patient=edfio.Patient(code=code, name="simulated"),
        recording=edfio.Recording(startdate=start.date() if start else None, equipment_code="spasmlens_simulate"),
        starttime=start.time() if start else None,
        annotations=[edfio.EdfAnnotation(a.onset_s, a.duration_s or None, a.label) for a in recording.annotations],
    )


def _signal(channel: Channel, signal: NDArray[np.float32]) -> edfio.EdfSignal:
    # A physical limit has 8 characters in the header: whole microvolts always fit.
    limit_uv = float(np.ceil(np.abs(signal).max())) + 1.0
    return edfio.EdfSignal(
        signal.astype(np.float64),
        channel.rate_hz,
        label=channel.name,
        transducer_type="simulated",
        physical_dimension=channel.unit,
        physical_range=(-limit_uv, limit_uv),
    )


def truth_table(truth: tuple[TruthEvent, ...]) -> str:
    """Give what is true as a tab-separated table."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
    writer.writerow(TRUTH_COLUMNS)
    writer.writerows(_row(event) for event in truth)
    return stream.getvalue()


def _row(event: TruthEvent) -> tuple[str, ...]:
    def known(value: object) -> str:
        return "n/a" if value is None or value == "" else str(value)

    return (
        f"{event.onset_s:.3f}",
        f"{event.duration_s:.3f}",
        event.label,
        known("|".join(event.channels)),
        known(event.cluster),
        known(event.spasm),
        str(event.role),
        known(event.intensity),
    )
