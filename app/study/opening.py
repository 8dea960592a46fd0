"""Finding and reading studies without a window or an event loop."""

import getpass
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from platformdirs import user_data_path

from app.study.analyses import Analysis
from app.study.journal import Ledger
from app.study.rules import cluster_rule
from app.study.store import DATABASE_NAME, RecordingIdentity, Store, read_everything
from inference.labels.labelset import LabelSet


@dataclass(frozen=True, slots=True)
class OpenedStudy:
    """A study that was read from disk and may be written: made on any thread, then given to `Study`."""

    store: Store
    identity: RecordingIdentity
    ledger: Ledger
    analyses: tuple[Analysis, ...]
    known_analyses: tuple[Analysis, ...]


def default_folder(recording_path: Path, fingerprint: str) -> Path:
    """Give the folder of a recording's study in the user's own data: never beside the recording."""
    return user_data_path("spasmlens") / "studies" / f"{recording_path.stem}-{fingerprint[:12]}"


def default_author() -> str:
    """Give the name under which edits are recorded where nobody said another: the login name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no login name, as in some containers
        return "unknown"


def open_study(
    recording_path: Path,
    fingerprint: str,
    folder: Path | None = None,
    *,
    duration_s: float | None = None,
    start: datetime | None = None,
) -> OpenedStudy:
    """Open the study of a recording, or begin it, and read all of it.

    ``folder`` is the study's own, `default_folder` where None. ``duration_s`` and ``start`` describe the recording and
    are kept for exports.

    Raises
    ------
    StudyError
        The study cannot be opened; nothing was changed.
    """
    given = RecordingIdentity(fingerprint, recording_path.absolute(), duration_s, start)
    store = Store.open(folder or default_folder(recording_path, fingerprint), given)
    try:
        ledger, known = store.read_ledger(), store.read_identity()
        current, kept = store.read_analyses()
        # Only once everything could be read: a damaged study stays as it is.
        identity = _merge(known, given)
        if identity != known:
            store.write_identity(identity)
        return OpenedStudy(store, identity, ledger, tuple(current), tuple(kept))
    except BaseException:
        store.close()
        raise


def _merge(known: RecordingIdentity, given: RecordingIdentity) -> RecordingIdentity:
    """Take what is given now where it is given, else what was known before."""
    return RecordingIdentity(
        known.fingerprint,
        given.path,
        known.duration_s if given.duration_s is None else given.duration_s,
        known.start if given.start is None else given.start,
    )


def read_labels(study: Path) -> LabelSet:
    """Read what a study says, for export; ``study`` is its folder or its file, which nobody changes.

    Raises
    ------
    StudyError
        There is no study, or it cannot be read.
    """
    path = study / DATABASE_NAME if study.is_dir() else study
    identity, ledger, _, known = read_everything(path)
    return gather_labels(identity, ledger, known)


def gather_labels(
    identity: RecordingIdentity, ledger: Ledger, known: list[Analysis] | tuple[Analysis, ...]
) -> LabelSet:
    """Put together what is said about a recording."""
    annotations = sorted(ledger.labels.annotations.values(), key=lambda event: (event.onset_s, event.annotation_id))
    return LabelSet(
        recording_name=identity.path.name,
        fingerprint=identity.fingerprint,
        annotations=tuple(annotations),
        reviewed_spans=tuple(sorted(ledger.labels.spans.values(), key=lambda span: span.onset_s)),
        detections=(
            *(detection for analysis in known for detection in analysis.detections),
            *ledger.labels.detections.values(),
        ),
        models=tuple(analysis.source for analysis in known),
        duration_s=identity.duration_s,
        start=identity.start,
        scorings=tuple(sorted(ledger.labels.scorings.values(), key=lambda one: one.made)),
        cluster_rule=cluster_rule(ledger.labels.settings),
    )
