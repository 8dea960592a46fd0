"""Recordings of a corpus with what people said about them: seizures, or sleep stages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inference.errors import LabelError
from inference.labels.hypnograms import Hypnogram
from inference.labels.scoring import Span


@dataclass(frozen=True, slots=True)
class SeizureRecording:
    """A recording in which somebody marked every seizure.

    ``spasms`` are those of its seizures that are called epileptic spasms, None where the corpus has no such name.
    """

    patient: str
    path: Path
    seizures: tuple[Span, ...]
    spasms: tuple[Span, ...] | None = None


@dataclass(frozen=True, slots=True)
class SleepRecording:
    """A recording with its hypnogram in AASM stages; epochs that do not count are unscored."""

    patient: str
    path: Path
    hypnogram: Hypnogram


@dataclass(frozen=True, slots=True)
class SeizureCorpus:
    """The recordings of a corpus by name, and plain sentences on what was left out of it."""

    corpus: str
    recordings: tuple[SeizureRecording, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SleepCorpus:
    """The recordings of a corpus by name, and plain sentences on what was left out of it."""

    corpus: str
    recordings: tuple[SleepRecording, ...]
    problems: tuple[str, ...] = ()


def span_of(onset_s: float, end_s: float, what: str, path: Path) -> Span:
    """Give the span of an event that a list states by both its ends.

    Raises
    ------
    LabelError
        It ends before it begins.
    """
    if end_s <= onset_s:
        raise LabelError(f"{path}: {what} ends at {end_s:g} s, before its beginning at {onset_s:g} s.")
    return Span(onset_s, end_s)


def name_some(names: Sequence[str], shown: int = 5) -> str:
    """List the first names, and how many more there are."""
    rest = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {rest} more" if rest > 0 else "")


def compile_whole(pattern: str) -> re.Pattern[str]:
    """Compile a pattern for whole file names, whose case may differ between copies of a corpus."""
    return re.compile(pattern, re.IGNORECASE)
