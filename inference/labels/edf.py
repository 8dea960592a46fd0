"""Labels as an EDF+ file that holds annotations alone, for every viewer that can merge such a file with a recording."""

from datetime import date
from io import BytesIO
from pathlib import Path

from inference.labels.annotations import Decision
from inference.labels.files import write_bytes
from inference.labels.hypnogram_formats.edf import write_edf
from inference.labels.labelset import LabelSet
from inference.labels.vocabulary import find_term


def export_edf(labels: LabelSet, folder: Path) -> list[Path]:
    """Write ``<recording>_desc-spasmlens_annotations.edf``, and the sleep stages of each scorer beside it.

    Rejected detections and detections that nobody looked at are not in it; an unsure event says so in its text. Each
    cluster of spasms is an annotation of its own over theirs. The first annotation says what the models were trained
    on. The patient field is always anonymous.

    Raises
    ------
    LabelError
        The file cannot be written.
    """
    # Imported here: only this export needs it, and the window starts without.
    from edfio import Edf, EdfAnnotation, Recording

    notes = [EdfAnnotation(0.0, None, f"Spasmlens labels. {labels.provenance}")]
    for event in labels.events:
        suffix = " (unsure)" if event.decision is Decision.UNSURE else ""
        notes.append(EdfAnnotation(event.onset_s, event.duration_s, f"{find_term(event.label).name}{suffix}"))
    for cluster in labels.clusters:
        notes.append(EdfAnnotation(cluster.onset_s, cluster.duration_s, f"Cluster of {len(cluster.events)} spasms"))
    start = labels.start
    # EDF+ can name days from 1985 to 2084 only; another day is written as unknown.
    start_day = date(start.year, start.month, start.day) if start and 1985 <= start.year < 2085 else None
    recording = Recording(startdate=start_day, equipment_code="Spasmlens")
    start_time = start.time().replace(tzinfo=None) if start else None
    content = BytesIO()
    Edf(signals=[], recording=recording, starttime=start_time, annotations=notes).write(content)
    path = write_bytes(folder / f"{labels.stem}_desc-spasmlens_annotations.edf", content.getvalue())
    return [path, *(_write_scoring(labels, number, folder) for number in range(len(labels.scorings)))]


def _write_scoring(labels: LabelSet, number: int, folder: Path) -> Path:
    # A file of its own: viewers read stages one scorer at a time.
    suffix = number + 1 if len(labels.scorings) > 1 else ""
    return write_edf(folder / f"{labels.stem}_desc-sleep{suffix}_hypnogram.edf", labels.scorings[number].hypnogram)
