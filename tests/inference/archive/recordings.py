"""Small recordings on disk, as an archive holds them."""

from pathlib import Path

import edfio

from inference.recordings.recording import Recording


def write_edf(path: Path, recording: Recording) -> Path:
    """Write a recording as EDF, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    signals = [
        edfio.EdfSignal(
            recording.read([i], 0.0, recording.duration_s)[0],
            channel.rate_hz,
            label=f"{channel.kind.upper()} {channel.name}",
            physical_dimension="uV",
            physical_range=(-3000, 3000),
        )
        for i, channel in enumerate(recording.channels)
    ]
    edfio.Edf(signals).write(path)
    return path
