"""The header of EDF, EDF+, BDF and BDF+ files, read with distrust of every field.

Layout: https://www.edfplus.info/specs/edf.html, https://www.edfplus.info/specs/edfplus.html and
https://www.biosemi.com/faq/file_format.htm. edfio reads the same header but lets broken ones escape as a dozen kinds
of exception, holds whole BDF files in memory and joins EDF+D over its gaps.
"""

import math
import re
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import BinaryIO, Final

MAIN_BYTES: Final = 256
SIGNAL_BYTES: Final = 256
_FIELD_BYTES: Final = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"[+-]?\d+")
_PLUS_DATE = re.compile(r"Startdate\s+(?P<day>\d{2})-(?P<month>[A-Z]{3})-(?P<year>\d{4})\b", re.IGNORECASE)
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
#: Beyond this no physical value is meant, and float32 would overflow.
_MAX_PHYSICAL: Final = 1e30
_MAX_RECORD_S: Final = 366 * 86400
_MAX_RATE_HZ: Final = 1_000_000


class EdfHeaderError(ValueError):
    """The header is not one of the EDF family; the message is a clause that says why."""


@dataclass(frozen=True, slots=True)
class EdfSignalHeader:
    """One signal: what it is, how its samples lie in a data record, and how they become physical values.

    ``physical = digital * gain + offset``, in ``unit``; gain is None where the header's ranges give none.
    """

    label: str
    transducer: str
    unit: str
    samples_per_record: int
    gain: float | None
    offset: float

    @property
    def is_annotations(self) -> bool:
        """Whether these are not samples but EDF+ annotations."""
        return self.label in {"EDF Annotations", "BDF Annotations"}


@dataclass(frozen=True, slots=True)
class EdfHeader:
    """What stands before the data records.

    ``n_records`` is the header's own count, -1 where it leaves it open; ``record_s`` is exact.
    """

    is_bdf: bool
    variant: str
    start: datetime | None
    n_records: int
    record_s: Fraction
    signals: tuple[EdfSignalHeader, ...]

    @property
    def header_bytes(self) -> int:
        """Where the first data record starts."""
        return MAIN_BYTES + SIGNAL_BYTES * len(self.signals)

    @property
    def sample_bytes(self) -> int:
        """Size of one sample."""
        return 3 if self.is_bdf else 2

    @property
    def record_bytes(self) -> int:
        """Size of one data record."""
        return self.sample_bytes * sum(signal.samples_per_record for signal in self.signals)

    @property
    def file_format(self) -> str:
        """The format's usual name, such as EDF+D."""
        return self.variant or ("BDF" if self.is_bdf else "EDF")


def is_edf(head: bytes) -> bool:
    """Tell from its first bytes whether a file is one of the EDF family."""
    return head[:8] == b"\xffBIOSEMI" or (head[:1] == b"0" and not head[1:8].strip(b" \0"))


def read_edf_header(stream: BinaryIO, file_bytes: int) -> EdfHeader:
    """Read and check the header at the start of ``stream``.

    Raises
    ------
    EdfHeaderError
        A field holds no sensible value, or the file is shorter than its header.
    """
    main = stream.read(MAIN_BYTES)
    if not is_edf(main):
        raise EdfHeaderError("it does not begin like an EDF or BDF file")
    if len(main) < MAIN_BYTES:
        raise EdfHeaderError(f"it ends after {len(main)} bytes, within its header")
    n_signals = _whole(main[252:256], "number of signals", least=1)
    needed = MAIN_BYTES + n_signals * SIGNAL_BYTES
    if needed > file_bytes:
        raise EdfHeaderError(
            f"its header claims {n_signals} signals and would fill {needed} bytes, but the file has only {file_bytes}"
        )
    fields = _read_fields(stream, n_signals)
    is_bdf = main[:1] == b"\xff"
    header = EdfHeader(
        is_bdf=is_bdf,
        variant=_variant(main[192:236], is_bdf=is_bdf),
        start=_start(main),
        n_records=_whole(main[236:244], "number of data records", least=-1),
        record_s=Fraction(_plain(main[244:252], "duration of a data record")),
        signals=tuple(_signal(*signal) for signal in zip(*fields, strict=True)),
    )
    if not any(signal.samples_per_record and not signal.is_annotations for signal in header.signals):
        raise EdfHeaderError("it holds annotations only, no signals")
    _check_rates(header)
    return header


def decode_text(raw: bytes) -> str:
    """Decode a header field: ASCII by the book, in practice UTF-8, cut at the field's end, or Latin-1."""
    raw = raw.strip(b" \0")
    text = raw.decode("latin-1")
    for cut in range(min(4, len(raw) + 1)):
        try:
            text = raw[: len(raw) - cut].decode("utf-8")
            break
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                break
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def _check_rates(header: EdfHeader) -> None:
    if not 0 < header.record_s <= _MAX_RECORD_S:
        raise EdfHeaderError(f"its header gives data records a duration of {float(header.record_s):g} s")
    for signal in header.signals:
        if not signal.is_annotations and (rate_hz := signal.samples_per_record / header.record_s) > _MAX_RATE_HZ:
            raise EdfHeaderError(f"its header gives {signal.label or 'a signal'} a rate of {float(rate_hz):g} Hz")


def _read_fields(stream: BinaryIO, n_signals: int) -> list[list[bytes]]:
    columns = []
    for size in _FIELD_BYTES:
        raw = stream.read(size * n_signals)
        columns.append([raw[i * size : (i + 1) * size] for i in range(n_signals)])
    return columns


def _signal(*fields: bytes) -> EdfSignalHeader:
    label, transducer, unit = (decode_text(field) for field in fields[:3])
    gain, offset = _scale(fields[3:7])
    samples = _whole(fields[8], f"number of samples of {label or 'a signal'}", least=0)
    return EdfSignalHeader(label, transducer, unit, samples, gain, offset)


def _scale(fields: tuple[bytes, ...]) -> tuple[float | None, float]:
    try:
        low, high, digital_low, digital_high = (float(_plain(field, "range")) for field in fields)
    except EdfHeaderError:
        return None, 0.0
    if low == high or digital_low == digital_high or not all(abs(x) < _MAX_PHYSICAL for x in (low, high)):
        return None, 0.0
    gain = (high - low) / (digital_high - digital_low)
    return gain, low - gain * digital_low


def _variant(reserved: bytes, *, is_bdf: bool) -> str:
    text = decode_text(reserved).upper()
    family = "BDF" if is_bdf else "EDF"
    return next((f"{family}+{letter}" for letter in "CD" if text.startswith((f"EDF+{letter}", f"BDF+{letter}"))), "")


def _start(main: bytes) -> datetime | None:
    time = decode_text(main[176:184]).replace(":", ".")
    try:
        hour, minute, second = (int(part) for part in time.split("."))
        year, month, day = _start_day(decode_text(main[88:168]), decode_text(main[168:176]))
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def _start_day(recording_field: str, date_field: str) -> tuple[int, int, int]:
    if (plus := _PLUS_DATE.search(recording_field)) is not None and plus["month"].upper() in _MONTHS:
        return int(plus["year"]), _MONTHS.index(plus["month"].upper()) + 1, int(plus["day"])
    day, month, year = (int(part) for part in date_field.replace("-", ".").replace("/", ".").split("."))
    return year + (1900 if year >= 85 else 2000), month, day


def _whole(field: bytes, meaning: str, *, least: int) -> int:
    text = decode_text(field)
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) < least:
        raise EdfHeaderError(f"its header is damaged: the {meaning} is {text!r}")
    return int(text)


def _plain(field: bytes, meaning: str) -> str:
    text = decode_text(field).replace(",", ".")
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise EdfHeaderError(f"its header is damaged: the {meaning} is {text!r}")
    return text
