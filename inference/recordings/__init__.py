"""From files to recordings: channels with kind, unit, native rate and gaps, read lazily in microvolts."""

from inference.recordings.fingerprint import fingerprint
from inference.recordings.opening import open_recording

__all__ = ["fingerprint", "open_recording"]
