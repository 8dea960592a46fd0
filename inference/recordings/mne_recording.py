"""Recordings that MNE reads: volts become microvolts, warnings become problems, exceptions become sentences."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.recordings.channels import SignalHeader, build_channels, gain_to_unit
from inference.recordings.failures import DamagedFileError, cannot_open, cannot_read, describe_cut, describe_os_error
from inference.recordings.formats import FileFormat
from inference.recordings.mne_readers import read_raw
from inference.recordings.recording import ChannelKind, FileAnnotation, Gap, Recording

#: Catching warnings changes the whole process, so only one thread may do so at a time.
_MNE: Final = Lock()

#: Channel types that a file states on purpose; "eeg" and "misc" are what MNE calls whatever it does not know.
_DECLARED: Final = {
    "eog": ChannelKind.EOG,
    "ecg": ChannelKind.ECG,
    "emg": ChannelKind.EMG,
    "resp": ChannelKind.RESPIRATION,
    "stim": ChannelKind.TRIGGER,
    "seeg": ChannelKind.EEG,
    "ecog": ChannelKind.EEG,
    "dbs": ChannelKind.EEG,
}
_GAP_LABEL: Final = "BAD_ACQ_SKIP"
_RAISED = re.compile(r"^\w*(?:Error|Exception): (.+)$", re.MULTILINE)
_SEGMENT: Final = "New Segment/"
_BOUNDARY: Final = "boundary"
_EPOCHS = re.compile(r"number of trials is (\d+)")
_FIFF_VOLT: Final = 107
_MAX_RATE_HZ: Final = 1_000_000


class MneRecording(Recording):
    """A recording behind one of MNE's readers; MNE opens the file anew for each read."""

    def __init__(self, path: Path, file_format: FileFormat, header_path: Path) -> None:
        self.path = path
        self.file_format = file_format.value
        with _MNE, _mne_warnings() as sentences:
            try:
                self._raw = read_raw(file_format, header_path)
                types = self._raw.get_channel_types()
                self._n_samples = _count_readable(self._raw)
            except Exception as error:
                raise cannot_open(path, _describe(error)) from error
        raw = self._raw
        if not raw.ch_names or raw.n_times == 0:
            raise cannot_open(path, "it holds no signals")
        if self._n_samples == 0:
            raise cannot_open(path, "it was cut off before its first samples")
        self._rate_hz = float(raw.info["sfreq"])
        if not 0 < self._rate_hz <= _MAX_RATE_HZ:
            raise cannot_open(path, f"its header gives a rate of {self._rate_hz:g} Hz")
        self._set_channels(types, sentences)
        self.duration_s = self._n_samples / self._rate_hz
        if raw.n_times > self._n_samples:
            sentences.append(describe_cut(self.duration_s, raw.n_times / self._rate_hz))
        self.start = None if raw.info["meas_date"] is None else raw.info["meas_date"].replace(tzinfo=None)
        self._set_annotations(sentences)
        self.problems = tuple(sentences)

    def _set_channels(self, types: Sequence[str], problems: list[str]) -> None:
        raw = self._raw
        headers, prefixes = [], []
        for name, kind, header in zip(raw.ch_names, types, raw.info["chs"], strict=True):
            unit, factor = _unit(header, raw._orig_units.get(name, ""))
            fallback = ChannelKind.EEG if kind == "eeg" else ChannelKind.OTHER
            headers.append(SignalHeader(name, unit, self._rate_hz, declared=_DECLARED.get(kind), fallback=fallback))
            prefixes.append(factor)
        self.channels, assumed = build_channels(headers)
        problems.extend(assumed)
        self._gains = [
            prefix * gain_to_unit(header, channel)
            for prefix, header, channel in zip(prefixes, headers, self.channels, strict=True)
        ]

    def _set_annotations(self, problems: list[str]) -> None:
        skips, kept = [], []
        for entry in self._raw.annotations:
            # MNE counts from the start of the measurement, which may lie before the file's first sample.
            onset_s = round(float(entry["onset"]) - self._raw.first_time, 6)
            duration_s, label = float(entry["duration"]), str(entry["description"])
            if label == _GAP_LABEL:
                skips.append(Gap(onset_s, duration_s))
            else:
                kept.append(FileAnnotation(onset_s, duration_s, label, tuple(entry.get("ch_names") or ())))
        self.gaps = _join_gaps(skips)
        self.annotations = tuple(sorted(kept, key=lambda annotation: annotation.onset_s))
        labels = [annotation.label for annotation in kept]
        n_parts = max(1, labels.count(_SEGMENT)) + labels.count(_BOUNDARY)
        if n_parts > 1:
            problems.append(
                f"The recording was made in {n_parts} parts; the file does not keep the time between them, "
                "so they are shown end to end."
            )

    def _read_samples(self, index: int, first: int, stop: int) -> NDArray[np.float32]:
        return self._read_spans([(index, first, stop)])[0]

    def _read_spans(self, spans: Sequence[tuple[int, int, int]]) -> list[NDArray[np.float32]]:
        targets = [np.full(max(0, stop - first), np.nan, dtype=np.float32) for _, first, stop in spans]
        for low, high in {(first, stop) for _, first, stop in spans}:
            places = [place for place, (_, first, stop) in enumerate(spans) if (first, stop) == (low, high)]
            begin, end = max(low, 0), min(high, self._n_samples)
            if begin >= end:
                continue
            data = self._read_volts([spans[place][0] for place in places], begin, end)
            for place, samples in zip(places, data, strict=True):
                with np.errstate(over="ignore"):
                    targets[place][begin - low : end - low] = samples * self._gains[spans[place][0]]
                self._blank_gaps(targets[place], low)
        return targets

    def _read_volts(self, channels: list[int], begin: int, end: int) -> NDArray[np.float64]:
        # MNE reads faster and wants it so when each channel is asked for once, in rising order.
        order = sorted(set(channels))
        with _MNE, _mne_warnings():
            try:
                data: NDArray[np.float64] = self._raw[order, begin:end][0]
            except OSError as error:
                raise cannot_read(self.path, describe_os_error(error)) from error
            except Exception as error:
                raise cannot_read(self.path, _describe(error)) from error
        return data[[order.index(channel) for channel in channels]]

    def _blank_gaps(self, samples: NDArray[np.float32], first: int) -> None:
        for gap in self.gaps:
            low = max(0, round(gap.onset_s * self._rate_hz) - first)
            samples[low : max(0, round((gap.onset_s + gap.duration_s) * self._rate_hz) - first)] = np.nan


@contextmanager
def _mne_warnings() -> Iterator[list[str]]:
    """Collect as sentences what MNE warns about, and keep its progress reports off the terminal."""
    import mne

    sentences: list[str] = []
    with mne.use_log_level("WARNING"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield sentences
        told = dict.fromkeys(str(w.message) for w in caught if not issubclass(w.category, DeprecationWarning))
        sentences[:0] = [f"{' '.join(text.split()).rstrip('.')}." for text in told]


def _unit(header: Any, file_unit: str) -> tuple[str, float]:
    """Give the unit to report and the factor from MNE's value to it; MNE scales to volts, siemens, degrees."""
    if header["unit"] == _FIFF_VOLT:
        return "V", 1.0
    return file_unit, 1e6 if file_unit in {"µS", "uS"} else 1.0


def _join_gaps(skips: Sequence[Gap]) -> tuple[Gap, ...]:
    gaps: list[Gap] = []
    for gap in sorted(skips, key=lambda gap: gap.onset_s):
        before = gaps[-1] if gaps else None
        if before is not None and gap.onset_s <= before.onset_s + before.duration_s:
            end_s = max(before.onset_s + before.duration_s, gap.onset_s + gap.duration_s)
            gaps[-1] = Gap(before.onset_s, end_s - before.onset_s)
        else:
            gaps.append(gap)
    return tuple(gaps)


def _count_readable(raw: Any) -> int:
    """Count the samples that are really there: MNE believes the header, and fails only when it reads."""
    low, high = 0, raw.n_times
    if high and _is_readable(raw, high - 1):
        return int(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _is_readable(raw, middle - 1) else (low, middle)
    return int(low)


def _is_readable(raw: Any, sample: int) -> bool:
    try:
        return bool(raw[:, sample : sample + 1][0].shape[1] == 1)
    except (ValueError, EOFError, RuntimeError, IndexError):
        return False


def _describe(error: Exception) -> str:
    if isinstance(error, DamagedFileError):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{Path(error.filename).name}, which belongs to it: {describe_os_error(error)}"
    text = str(error) or type(error).__name__
    if (epochs := _EPOCHS.search(text)) is not None:
        return f"it holds {epochs.group(1)} epochs, not a continuous recording"
    # Some of MNE's messages hold a whole traceback; what went wrong stands on its last line of the form "XError: ...".
    cause = (_RAISED.findall(text) or [text])[-1]
    return (
        f"it is damaged, or of a variety that MNE cannot read ({shorten(cause, 160, placeholder=' ...').rstrip('.')})"
    )
