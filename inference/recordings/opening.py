"""The one door to every kind of recording file."""

from pathlib import Path

from inference.recordings.edf import EdfRecording
from inference.recordings.recording import Recording


def open_recording(path: Path) -> Recording:
    """Open a recording, whatever its format; only headers and annotations are read.

    Raises
    ------
    RecordingError
        The file is missing, unreadable, or no recording.
    """
    return EdfRecording(path)
