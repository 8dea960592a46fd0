"""EDF, EDF+, BDF and BDF+ at native rates: the header at opening, samples when they are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from inference.recordings.channels import SignalHeader, build_channels, gain_to_unit
from inference.recordings.edf_annotations import RecordAnnotations, parse_record_annotations
from inference.recordings.edf_header import EdfHeader, EdfSignalHeader, read_edf_header
from inference.recordings.failures import DamagedFileError, cannot_open, cannot_read, describe_cut, describe_os_error
from inference.recordings.recording import ChannelKind, FileAnnotation, Gap, Recording

#: Data records are read in blocks of about this size, so that one channel of a whole night costs no memory to speak of.
_BLOCK_BYTES: Final = 1 << 23
#: Time stamps that differ by less than this from the end of the record before are the same clock, rounded.
_STAMP_TOLERANCE_S: Final = 0.002
#: Times from the file are decimal fractions: subtracting them must not leave binary dust.
_DECIMALS: Final = 9
#: A longer gap is a damaged time stamp.
_MAX_GAP_S: Final = 366 * 86400.0


@dataclass(frozen=True, slots=True)
class _Segment:
    """Data records that follow each other without a gap."""

    first_record: int
    n_records: int
    onset_s: float


@dataclass(frozen=True, slots=True)
class _Signal:
    """Where one channel's samples lie in a data record, and how they become its unit."""

    first_byte: int
    samples_per_record: int
    gain: float
    offset: float


class EdfRecording(Recording):
    """A recording in a file of the EDF family; the file is open only while something is read from it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            file_bytes = path.stat().st_size
            with path.open("rb") as stream:
                self._header = read_edf_header(stream, file_bytes)
                n_records = self._count_records(file_bytes)
                records = _read_annotations(stream, self._header, n_records)
        except OSError as error:
            raise cannot_open(path, describe_os_error(error)) from error
        except DamagedFileError as error:
            raise cannot_open(path, error) from error
        self.file_format = self._header.file_format
        problems = list(_describe_length(self._header, file_bytes, n_records))
        self._set_channels(problems)
        self._set_times(records, n_records, problems)
        self.problems = tuple(problems)

    def _count_records(self, file_bytes: int) -> int:
        n_records = (file_bytes - self._header.header_bytes) // self._header.record_bytes
        if n_records < 1:
            raise DamagedFileError("it was cut off before the end of its first data record")
        return n_records

    def _set_channels(self, problems: list[str]) -> None:
        chosen = [s for s in self._header.signals if s.samples_per_record and not s.is_annotations]
        headers = [_signal_header(signal, self._header.record_s) for signal in chosen]
        self.channels, assumed = build_channels(headers)
        for signal, channel in zip(chosen, self.channels, strict=True):
            if signal.gain is None:
                problems.append(f"{channel.name} has no valid scale; its raw numbers are shown.")
        for signal in self._header.signals:
            if not signal.samples_per_record:
                problems.append(f"{signal.label or 'A signal without a label'} holds no samples and is left out.")
        problems.extend(assumed)
        self._signals = []
        places = iter(zip(headers, self.channels, strict=True))
        for first_byte, signal in _places(self._header):
            if signal.samples_per_record and not signal.is_annotations:
                gain = gain_to_unit(*next(places))
                scale = 1.0 if signal.gain is None else signal.gain * gain
                self._signals.append(_Signal(first_byte, signal.samples_per_record, scale, signal.offset * gain))

    def _set_times(self, records: Sequence[RecordAnnotations], n_records: int, problems: list[str]) -> None:
        first_s = _first_stamp(records)
        stamps_s = [None if r.onset_s is None else round(r.onset_s - first_s, _DECIMALS) for r in records]
        segments, n_bad = _find_segments(stamps_s, n_records, self._header.record_s)
        if n_bad:
            problems.append(
                f"{n_bad} of {n_records} data records have no valid time stamp; each is put after the one before it."
            )
        if len(segments) > 1 and not self._header.variant.endswith("D"):
            gaps_s = segments[-1].onset_s - float(segments[-1].first_record * self._header.record_s)
            problems.append(
                f"The header says that nothing was left out, but the time stamps leave out {gaps_s:.3g} s; "
                "they are ignored."
            )
            segments = [_Segment(0, n_records, 0.0)]
        self._segments = segments
        ends_s = [s.onset_s + float(s.n_records * self._header.record_s) for s in segments]
        self.duration_s = ends_s[-1]
        self.gaps = tuple(Gap(end_s, after.onset_s - end_s) for end_s, after in zip(ends_s, segments[1:], strict=False))
        self.annotations = _collect(records, first_s)
        self.start = _start(self._header.start, first_s)
        if self.start is None:
            problems.append("The header gives no valid start date and time.")

    def _read_samples(self, index: int, first: int, stop: int) -> NDArray[np.float32]:
        return self._read_spans([(index, first, stop)])[0]

    def _read_spans(self, spans: Sequence[tuple[int, int, int]]) -> list[NDArray[np.float32]]:
        targets = [np.full(max(0, stop - first), np.nan, dtype=np.float32) for _, first, stop in spans]
        try:
            with self.path.open("rb", buffering=0) as stream:
                for segment in self._segments:
                    self._read_segment(stream, segment, spans, targets)
        except OSError as error:
            raise cannot_read(self.path, describe_os_error(error)) from error
        return targets

    def _read_segment(
        self,
        stream: BinaryIO,
        segment: _Segment,
        spans: Sequence[tuple[int, int, int]],
        targets: Sequence[NDArray[np.float32]],
    ) -> None:
        """Fill the targets from one segment, reading each of its data records once for all channels."""
        pieces = [_Piece.cut(self._signals[i], segment, self.channels[i].rate_hz, a, b) for i, a, b in spans]
        first_record = min((p.first_record for p in pieces if p.length), default=0)
        stop_record = max((p.stop_record for p in pieces if p.length), default=0)
        step = max(1, _BLOCK_BYTES // self._header.record_bytes)
        for record in range(first_record, stop_record, step):
            n_records = min(step, stop_record - record)
            block = self._read_block(stream, segment.first_record + record, n_records)
            for piece, target in zip(pieces, targets, strict=True):
                piece.copy(block, record, target, sample_bytes=self._header.sample_bytes)

    def _read_block(self, stream: BinaryIO, first_record: int, n_records: int) -> NDArray[np.uint8]:
        record_bytes = self._header.record_bytes
        stream.seek(self._header.header_bytes + first_record * record_bytes)
        raw = stream.read(n_records * record_bytes)
        if len(raw) < n_records * record_bytes:
            raise cannot_read(self.path, "it has become shorter since it was opened")
        return np.frombuffer(raw, dtype=np.uint8).reshape(n_records, record_bytes)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Samples [first, first + length) of a segment's channel, that go to ``target[place:]``."""

    signal: _Signal
    first: int
    length: int
    place: int

    @classmethod
    def cut(cls, signal: _Signal, segment: _Segment, rate_hz: float, first: int, stop: int) -> "_Piece":
        """Cut the wanted span of the recording's grid to what the segment has of it."""
        origin = round(segment.onset_s * rate_hz)
        low, high = max(first, origin), min(stop, origin + segment.n_records * signal.samples_per_record)
        return cls(signal, low - origin, max(0, high - low), low - first)

    @property
    def first_record(self) -> int:
        return self.first // self.signal.samples_per_record

    @property
    def stop_record(self) -> int:
        return -(-(self.first + self.length) // self.signal.samples_per_record)

    def copy(self, block: NDArray[np.uint8], record: int, target: NDArray[np.float32], *, sample_bytes: int) -> None:
        """Scale and copy what a block of records, the first of which is ``record``, holds of this piece."""
        per_record = self.signal.samples_per_record
        low = max(self.first, record * per_record)
        high = min(self.first + self.length, (record + len(block)) * per_record)
        if low >= high:
            return
        rows = block[low // per_record - record : -(-high // per_record) - record]
        end_byte = self.signal.first_byte + per_record * sample_bytes
        digital = _to_integers(rows[:, self.signal.first_byte : end_byte], sample_bytes)
        skipped = low - low // per_record * per_record
        physical = digital[skipped : skipped + high - low] * self.signal.gain + self.signal.offset
        target[self.place + low - self.first :][: high - low] = physical


def _to_integers(raw: NDArray[np.uint8], sample_bytes: int) -> NDArray[np.int16] | NDArray[np.int32]:
    if sample_bytes == 2:
        return np.ascontiguousarray(raw).view("<i2").ravel()
    padded = np.zeros((raw.size // 3, 4), dtype=np.uint8)
    padded[:, 1:] = raw.reshape(-1, 3)
    digital: NDArray[np.int32] = padded.view("<i4").ravel()
    return np.right_shift(digital, 8)


def _signal_header(signal: EdfSignalHeader, record_s: Fraction) -> SignalHeader:
    rate_hz = float(signal.samples_per_record / record_s)
    if signal.gain is None:
        return SignalHeader(signal.label, "", rate_hz, signal.transducer, declared=ChannelKind.OTHER)
    return SignalHeader(signal.label, signal.unit, rate_hz, signal.transducer)


def _places(header: EdfHeader) -> Iterator[tuple[int, EdfSignalHeader]]:
    first_byte = 0
    for signal in header.signals:
        yield first_byte, signal
        first_byte += signal.samples_per_record * header.sample_bytes


def _read_annotations(stream: BinaryIO, header: EdfHeader, n_records: int) -> list[RecordAnnotations]:
    places = [
        (first_byte, signal.samples_per_record * header.sample_bytes)
        for first_byte, signal in _places(header)
        if signal.is_annotations
    ]
    if not places:
        return []
    records = []
    for record in range(n_records):
        blocks = []
        for first_byte, n_bytes in places:
            stream.seek(header.header_bytes + record * header.record_bytes + first_byte)
            blocks.append(stream.read(n_bytes))
        records.append(parse_record_annotations(blocks))
    return records


def _first_stamp(records: Sequence[RecordAnnotations]) -> float:
    """Give the time stamp of the first data record: how long after the header's start time the recording begins."""
    stamp_s = records[0].onset_s if records else None
    return 0.0 if stamp_s is None or abs(stamp_s) > _MAX_GAP_S else stamp_s


def _find_segments(stamps_s: Sequence[float | None], n_records: int, record_s: Fraction) -> tuple[list[_Segment], int]:
    """Join data records that follow each other; also count those whose time stamp is missing or goes back."""
    firsts, onsets_s, n_bad = [0], [0.0], 0
    for record, stamp_s in enumerate(stamps_s):
        expected_s = onsets_s[-1] + float((record - firsts[-1]) * record_s)
        if stamp_s is None or not -_STAMP_TOLERANCE_S <= stamp_s - expected_s <= _MAX_GAP_S:
            n_bad += 1
        elif stamp_s - expected_s > _STAMP_TOLERANCE_S:
            firsts.append(record)
            onsets_s.append(stamp_s)
    stops = [*firsts[1:], n_records]
    return [_Segment(a, b - a, onset_s) for a, b, onset_s in zip(firsts, stops, onsets_s, strict=True)], n_bad


def _describe_length(header: EdfHeader, file_bytes: int, n_records: int) -> Iterator[str]:
    record_s = float(header.record_s)
    spare_bytes = file_bytes - header.header_bytes - n_records * header.record_bytes
    if header.n_records > n_records:
        yield describe_cut(n_records * record_s, header.n_records * record_s)
    elif 0 <= header.n_records < n_records:
        yield f"The header counts {header.n_records} data records but the file holds {n_records}; all are shown."
    elif spare_bytes:
        yield f"The file ends within a data record; its last {spare_bytes} bytes are left out."


def _start(header_start: datetime | None, first_s: float) -> datetime | None:
    try:
        return None if header_start is None else header_start + timedelta(seconds=first_s)
    except OverflowError:
        return None


def _collect(records: Sequence[RecordAnnotations], first_s: float) -> tuple[FileAnnotation, ...]:
    annotations = (
        replace(a, onset_s=round(a.onset_s - first_s, _DECIMALS)) for record in records for a in record.annotations
    )
    return tuple(sorted(annotations, key=lambda annotation: annotation.onset_s))
