"""Hypnograms as EDF+ annotations, in the texts that the EDF+ specification gives to the stages."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from inference.errors import LabelError, RecordingError
from inference.labels.files import write_bytes
from inference.labels.hypnograms import Hypnogram, StageSpan, hypnogram_of_spans
from inference.labels.reading import read_bytes
from inference.labels.sleep_stages import UNSCORED, recognise_stage
from inference.recordings import open_recording
from inference.recordings.edf_annotations import parse_record_annotations
from inference.recordings.edf_header import MAIN_BYTES, SIGNAL_BYTES, decode_text, is_edf
from inference.recordings.recording import FileAnnotation

_LABEL_BYTES = 16
_UNSCORED_TEXT = "Sleep stage ?"


def read_edf(path: Path) -> Hypnogram:
    """Read the stages from a file's annotations, whether it holds signals too or annotations alone.

    Raises
    ------
    LabelError
        It cannot be read, is no EDF+ file, or says nothing about sleep stages.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(MAIN_BYTES)
            labels = stream.read(_LABEL_BYTES * _count_signals(head))
    except OSError as error:
        raise LabelError(f"{path} cannot be read: {(error.strerror or 'unknown cause').lower()}.") from error
    if not is_edf(head):
        raise LabelError(f"{path} does not begin like an EDF file.")
    names = {decode_text(labels[i : i + _LABEL_BYTES]) for i in range(0, len(labels), _LABEL_BYTES)}
    if names == {"EDF Annotations"}:
        return hypnogram_of_annotations(_read_annotations_alone(path), path)
    try:
        return hypnogram_of_annotations(open_recording(path).annotations, path)
    except RecordingError as error:
        raise LabelError(str(error)) from error


def hypnogram_of_annotations(annotations: Iterable[FileAnnotation], name: object) -> Hypnogram:
    """Build the hypnogram that a recording's own annotations spell out; other annotations are left out.

    Raises
    ------
    LabelError
        None of them is a sleep stage, or they contradict each other.
    """
    spans = []
    for annotation in annotations:
        text = annotation.label.strip().lower()
        # A note such as "M" or "unknown" is no stage; EDF+ stages say what they are.
        code = recognise_stage(text) if "stage" in text or text == "movement time" else None
        if code is not None:
            spans.append(StageSpan(annotation.onset_s, annotation.duration_s or None, code))
    return hypnogram_of_spans(spans, name)


def write_edf(path: Path, hypnogram: Hypnogram) -> Path:
    """Write an EDF+ file of annotations alone, one an epoch, for viewers that merge it with the recording.

    Raises
    ------
    LabelError
        It cannot be written.
    """
    # Imported here: only this format needs it, and the window starts without.
    from edfio import Edf, EdfAnnotation, Recording

    texts = {stage.code: stage.edf_text for stage in hypnogram.stage_set.stages} | {UNSCORED: _UNSCORED_TEXT}
    notes = [
        EdfAnnotation(round(hypnogram.epoch_onset_s(epoch), 6), hypnogram.epoch_s, texts[code])
        for epoch, code in enumerate(hypnogram.stages)
    ]
    content = BytesIO()
    Edf(signals=[], recording=Recording(equipment_code="Spasmlens"), annotations=notes).write(content)
    return write_bytes(path, content.getvalue())


def _count_signals(head: bytes) -> int:
    field = head[MAIN_BYTES - 4 :].strip()
    return int(field) if field.isdigit() else 0


def _read_annotations_alone(path: Path) -> tuple[FileAnnotation, ...]:
    """Read a file without signals: after its header come annotation lists only, whatever its records' size."""
    content = read_bytes(path)
    first = MAIN_BYTES + SIGNAL_BYTES * _count_signals(content[:MAIN_BYTES])
    return parse_record_annotations([content[first:]]).annotations
