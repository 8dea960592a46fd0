"""The one door to every kind of recording file."""

import stat
from pathlib import Path

from inference.recordings.edf import EdfRecording
from inference.recordings.failures import cannot_open, describe_os_error
from inference.recordings.formats import SUFFIXES, FileFormat, detect_format
from inference.recordings.mne_recording import MneRecording
from inference.recordings.recording import Recording


def open_recording(path: Path) -> Recording:
    """Open a recording, whatever its format; only headers and annotations are read.

    A data file whose header lies in a file beside it (``.eeg`` beside ``.vhdr``) may be named instead of the header.

    Raises
    ------
    RecordingError
        The file is missing, unreadable, damaged, or no recording.
    """
    try:
        _check_readable(path)
        found = detect_format(path)
    except OSError as error:
        raise cannot_open(path, describe_os_error(error)) from error
    except ValueError as error:
        raise cannot_open(path, f"this is no file name ({error})") from error
    if found is None:
        raise cannot_open(path, _describe_unknown(path))
    file_format, header_path = found
    if file_format is FileFormat.EDF:
        return EdfRecording(path)
    return MneRecording(path, file_format, header_path)


def _check_readable(path: Path) -> None:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        if path.suffix.lower() != ".mff":
            raise cannot_open(path, "it is a folder, not a recording")
    elif not stat.S_ISREG(status.st_mode):
        raise cannot_open(path, "it is a device or a pipe, not a file")
    elif status.st_size == 0:
        raise cannot_open(path, "it is empty")


def _describe_unknown(path: Path) -> str:
    promised = SUFFIXES.get(path.suffix.lower())
    if promised is None:
        return "it is in no format that can be opened"
    return f"its name promises {promised}, but it does not begin like such a file"
