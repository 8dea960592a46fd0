"""One sentence for the user from whatever went wrong with a file."""

from pathlib import Path

from inference.errors import RecordingError


class DamagedFileError(ValueError):
    """A file is not what its format asks for; the message is a clause that says why, for :func:`cannot_open`."""


def cannot_open(path: Path, cause: object) -> RecordingError:
    """Build the error for a file that cannot be opened; ``cause`` is a clause without a full stop."""
    return RecordingError(f"{path} cannot be opened: {str(cause).rstrip('.')}.")


def cannot_read(path: Path, cause: object) -> RecordingError:
    """Build the error for a file that was opened but can no longer be read."""
    return RecordingError(f"{path} can no longer be read: {str(cause).rstrip('.')}.")


def describe_os_error(error: OSError) -> str:
    """Say in words of the user's what the operating system refused."""
    match error:
        case FileNotFoundError():
            return "there is no such file"
        case PermissionError():
            return "you have no permission to read it"
        case IsADirectoryError():
            return "it is a folder, not a recording"
        case _:
            return (error.strerror or str(error) or type(error).__name__).lower()


def describe_cut(readable_s: float, claimed_s: float) -> str:
    """Say how much of a file that was cut off is missing."""
    missing = min(100 * (1 - readable_s / claimed_s), 99.9)
    return (
        f"The file is cut off: it holds {readable_s:,.6g} s of the {claimed_s:,.0f} s that its header promises; "
        f"{missing:.3g} % are missing at its end."
    )
