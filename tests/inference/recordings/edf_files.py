"""EDF and BDF files for tests, written by edfio and then altered byte by byte."""

from pathlib import Path

import edfio
import numpy as np

RECORD_COUNT = slice(236, 244)
#: Makes room for longer time stamps in every data record.
FILLER = "recording started by the night technician"
N_SIGNALS = slice(252, 256)


def write_edf(path: Path, *, n_records: int = 5, rates_hz=(100, 10), annotations=(), bdf: bool = False) -> np.ndarray:
    """Write one-second records; give the first channel's values in microvolts."""
    rng = np.random.default_rng(3)
    signal_class, file_class = (edfio.BdfSignal, edfio.Bdf) if bdf else (edfio.EdfSignal, edfio.Edf)
    signals = [
        signal_class(
            rng.uniform(-400, 400, rate_hz * n_records),
            sampling_frequency=rate_hz,
            label=f"EEG F{3 + i}",
            physical_dimension="uV",
            physical_range=(-500, 500),
        )
        for i, rate_hz in enumerate(rates_hz)
    ]
    texts = [edfio.EdfAnnotation(*a) for a in (*annotations, (0, None, FILLER))]
    edf = file_class(signals, annotations=texts, data_record_duration=1)
    edf.write(path)
    return signals[0].data


def patch(path: Path, place: slice, field: bytes) -> None:
    """Overwrite one header field."""
    content = bytearray(path.read_bytes())
    content[place] = field.ljust(place.stop - place.start)
    path.write_bytes(content)


def stamp_records(path: Path, onsets_s) -> None:
    """Turn a file of :func:`write_edf` into EDF+D (BDF+D) whose data records start at these times."""
    content = bytearray(path.read_bytes())
    content[192:197] = content[192:196] + b"D"
    filler = b"+0\x14" + FILLER.encode() + b"\x14\0"
    content = content.replace(filler, bytes(len(filler)))
    for record, onset_s in reversed(list(enumerate(onsets_s))):
        old, new = (f"+{time_s:g}\x14\x14\0".encode() for time_s in (record, onset_s))
        place = content.index(old)
        free = place + len(old)
        end = next(i for i in range(free, free + 200) if not any(content[i : i + 9])) + 9
        content[place:end] = (new + content[free:end]).ljust(end - place, b"\0")[: end - place]
    path.write_bytes(content)
