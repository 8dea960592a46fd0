"""Time-stamped annotation lists (TALs) of EDF+ and BDF+: annotations, and the time at which each data record starts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from inference.recordings.edf_header import decode_text
from inference.recordings.recording import FileAnnotation

_TAL = re.compile(rb"([+-]\d{1,15}(?:\.\d*)?)(?:\x15(\d{0,15}(?:\.\d*)?))?\x14([^\0]*)")


@dataclass(frozen=True, slots=True)
class RecordAnnotations:
    """What one data record's annotation signals say; times are in seconds of the file's own clock.

    ``onset_s`` is the record's own time stamp, None where it has none.
    """

    onset_s: float | None
    annotations: tuple[FileAnnotation, ...]


def parse_record_annotations(blocks: Iterable[bytes]) -> RecordAnnotations:
    """Read the annotation signals of one data record; the first TAL of the first signal stamps the record.

    An annotation that concerns one channel ends in ``@@`` and the channel's label (EDF+, edition of 2021).
    """
    onset_s: float | None = None
    annotations: list[FileAnnotation] = []
    for number, block in enumerate(blocks):
        for position, tal in enumerate(filter(None, block.split(b"\0"))):
            match = _TAL.match(tal)
            if match is None:
                continue
            time_s, duration_s = float(match[1]), float(match[2] or 0) if match[2] != b"." else 0.0
            texts = match[3].split(b"\x14")
            if number == 0 and position == 0 and not texts[0]:
                onset_s = time_s
            annotations += [_annotation(time_s, duration_s, text) for text in texts if text.strip()]
    return RecordAnnotations(onset_s, tuple(annotations))


def _annotation(onset_s: float, duration_s: float, text: bytes) -> FileAnnotation:
    label, _, channel = decode_text(text).partition("@@")
    return FileAnnotation(onset_s, duration_s, label.strip(), (channel.strip(),) if channel.strip() else ())
