"""One sentence for the user from whatever is wrong with an image."""

from pathlib import Path

from inference.errors import ImagingError


def cannot_use(path: Path, cause: object) -> ImagingError:
    """Build the error for an image that cannot be used; ``cause`` is a clause without a full stop."""
    return ImagingError(f"{path} cannot be used: {str(cause).rstrip('.')}.")
