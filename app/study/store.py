"""The study on disk: one SQLite file with an append-only journal, written durably, opened with suspicion.

WAL with synchronous FULL: what a commit has returned from survives a killed process and a lost power supply.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from app.study.analyses import Analysis
from app.study.faults import explain, explain_damage
from app.study.journal import Entry, Ledger, update_from_text, update_to_text
from app.study.kept_results import pack_result, unpack_result
from inference.errors import StudyError
from inference.labels.detections import ModelReference
from inference.labels.labelset import ModelSource
from inference.labels.serialization import detection_from_json, detection_to_json
from inference.runtime.cards import EventRule

DATABASE_NAME = "study.sqlite"
LOCK_NAME = "study.lock"
APPLICATION_ID = 0x53504C4E  # "SPLN"
SCHEMA_VERSION = 4
_SQLITE_MAGIC = b"SQLite format 3\0"

_SCHEMA = f"""
BEGIN IMMEDIATE;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE recording (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    fingerprint TEXT NOT NULL, path TEXT NOT NULL, duration_s REAL, start TEXT
);
CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY,
    time TEXT NOT NULL, author TEXT NOT NULL, verb TEXT NOT NULL, target INTEGER, record TEXT NOT NULL
);
CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_never_shortened BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TABLE analysis (
    digest TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, simulated INTEGER, trained_on TEXT NOT NULL,
    stored TEXT NOT NULL, is_current INTEGER NOT NULL, rule TEXT NOT NULL, detections TEXT NOT NULL,
    time_s BLOB NOT NULL, probability BLOB NOT NULL, gist TEXT NOT NULL DEFAULT '',
    channels TEXT NOT NULL DEFAULT '[]', calibration TEXT NOT NULL DEFAULT '',
    result BLOB NOT NULL DEFAULT x''
);
COMMIT;
"""
#: What makes a study of each earlier version one of the next: a line on what each network gave; what it saw and how its
#: probabilities were calibrated, so that events can be formed anew; all that it said. The journal of version 3 also
#: knows settings, that of version 4 scorings of sleep.
_UPGRADES = {
    1: """
BEGIN IMMEDIATE;
ALTER TABLE analysis ADD COLUMN gist TEXT NOT NULL DEFAULT '';
PRAGMA user_version = 2;
COMMIT;
""",
    2: """
BEGIN IMMEDIATE;
ALTER TABLE analysis ADD COLUMN channels TEXT NOT NULL DEFAULT '[]';
ALTER TABLE analysis ADD COLUMN calibration TEXT NOT NULL DEFAULT '';
PRAGMA user_version = 3;
COMMIT;
""",
    3: """
BEGIN IMMEDIATE;
ALTER TABLE analysis ADD COLUMN result BLOB NOT NULL DEFAULT x'';
PRAGMA user_version = 4;
COMMIT;
""",
}


@dataclass(frozen=True, slots=True)
class RecordingIdentity:
    """Which recording a study is about; ``duration_s`` and ``start`` are None until the recording was opened."""

    fingerprint: str
    path: Path
    duration_s: float | None = None
    start: datetime | None = None


class Store:
    """An open study file: one connection, which only one thread may use at a time.

    Attributes
    ----------
    path : the database file.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: sqlite3.Connection | None) -> None:
        self.path = path
        self._connection = connection
        self._lock = lock

    @classmethod
    def open(cls, folder: Path, identity: RecordingIdentity) -> "Store":
        """Open a recording's study for writing, or begin it; one process at a time may do so.

        Raises
        ------
        StudyError
            The folder cannot be written, the file is not a study, was written by a newer version, is damaged, belongs
            to another recording, or is open elsewhere.
        """
        path = folder / DATABASE_NAME
        with _explained(path):
            folder.mkdir(parents=True, exist_ok=True)
            refuse_foreign_file(path)
            lock = _take_lock(folder / LOCK_NAME)
            try:
                connection = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
                store = cls(path, connection, lock)
                try:
                    store._prepare(identity)
                except BaseException:
                    connection.close()
                    raise
            except BaseException:
                lock.close()
                raise
            return store

    @classmethod
    def open_read_only(cls, path: Path) -> "Store":
        """Open an existing study without changing it; another process may be writing it meanwhile.

        Raises
        ------
        StudyError
            As for `open`, or there is no study.
        """
        with _explained(path):
            if not path.is_file():
                raise StudyError(f"{path} does not exist: there is no study.")
            refuse_foreign_file(path)
            return cls(path, _connect_read_only(path), None)

    def close(self) -> None:
        """Close the file and let others open it."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()

    def read_ledger(self) -> Ledger:
        """Read and add up the whole journal; StudyError where it does not add up."""
        with _explained(self.path):
            return Ledger.replay(self._entries())

    def read_identity(self) -> RecordingIdentity:
        """Read which recording this is about."""
        with _explained(self.path):
            row = self._connection.execute("SELECT fingerprint, path, duration_s, start FROM recording").fetchone()
            if row is None:
                raise ValueError("it names no recording")
            return RecordingIdentity(row[0], Path(row[1]), row[2], datetime.fromisoformat(row[3]) if row[3] else None)

    def write_identity(self, identity: RecordingIdentity) -> None:
        """Write where the recording lies now, how long it is and when it began."""
        start = identity.start.isoformat() if identity.start else None
        values = (identity.fingerprint, str(identity.path), identity.duration_s, start)
        with _explained(self.path), self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO recording VALUES (1, ?, ?, ?, ?)", values)

    def read_analyses(self) -> tuple[list[Analysis], list[Analysis]]:
        """Read the analyses that are current, and all that were ever kept."""
        columns = "digest, name, version, simulated, trained_on, rule, detections, time_s, probability, is_current"
        with _explained(self.path):
            # A study that may only be read stays of the version that it is.
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            columns += ", gist" if version > 1 else ", ''"
            columns += ", channels, calibration" if version > 2 else ", '[]', ''"
            columns += ", result" if version > 3 else ", x''"
            rows = self._connection.execute(f"SELECT {columns} FROM analysis ORDER BY stored, rowid").fetchall()
            analyses = [(_read_analysis(row), bool(row[9])) for row in rows]
        return [analysis for analysis, current in analyses if current], [analysis for analysis, _ in analyses]

    def append(self, entry: Entry) -> None:
        """Write an entry of the journal; when this returns, it is on disk.

        Raises
        ------
        StudyError
            It could not be written; nothing of it is on disk.
        """
        target, record = entry.target, update_to_text(entry.update)
        values = (entry.sequence, entry.time.isoformat(), entry.author, entry.update.verb.value, target, record)
        with _explained(self.path), self._transaction():
            self._connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", values)

    def write_analyses(self, analyses: Sequence[Analysis]) -> None:
        """Make these the current analyses; others are kept for the annotations that point at them."""
        stored = datetime.now(UTC).isoformat()
        with _explained(self.path), self._transaction():
            self._connection.execute("UPDATE analysis SET is_current = 0")
            for analysis in analyses:
                self._connection.execute(
                    "INSERT OR REPLACE INTO analysis VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
                    _analysis_values(analysis, stored),
                )

    def _prepare(self, identity: RecordingIdentity) -> None:
        """Set the connection up, make the tables of a new study, and check what an old one says."""
        execute = self._connection.execute
        if execute("PRAGMA user_version").fetchone()[0] != 0 or self._has_tables():
            check_version(self._connection, self.path)
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute("PRAGMA trusted_schema = OFF")
        if not self._has_tables():
            self._connection.executescript(_SCHEMA)
            self.write_identity(identity)
            return
        while (version := execute("PRAGMA user_version").fetchone()[0]) < SCHEMA_VERSION:
            self._connection.executescript(_UPGRADES[version])
        known = self.read_identity()
        if known.fingerprint != identity.fingerprint:
            raise StudyError(f"The study in {self.path.parent} belongs to another recording ({known.path.name}).")

    def _has_tables(self) -> bool:
        return bool(self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])

    def _entries(self) -> Iterator[Entry]:
        rows = self._connection.execute(
            "SELECT sequence, time, author, verb, target, record FROM journal ORDER BY sequence"
        )
        for sequence, time, author, verb, target, record in rows:
            yield Entry(sequence, datetime.fromisoformat(time), author, update_from_text(verb, record), target)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def refuse_foreign_file(path: Path) -> None:
    """Refuse what is no SQLite file before SQLite touches it; an empty file is a study that was never begun."""
    if path.is_dir():
        raise StudyError(f"{path} is a folder where a study file should be.")
    if path.exists():
        with path.open("rb") as stream:
            magic = stream.read(len(_SQLITE_MAGIC))
        if magic and magic != _SQLITE_MAGIC:
            raise StudyError(f"{path} is not a study: it is no SQLite file.")


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse another program's database, one of a newer version, and one that is damaged."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise StudyError(f"{path} is another program's database, not a Spasmlens study.")
    if version > SCHEMA_VERSION:
        raise StudyError(f"{path} was written by a newer version of Spasmlens; open it with that version.")
    finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise StudyError(explain_damage(path))


def _take_lock(path: Path) -> sqlite3.Connection:
    """Hold the operating system's lock on a file of its own: it ends with the process, however that ends.

    SQLite knows how to lock on every platform; the study's own file stays readable for an export meanwhile.
    """
    lock = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error:
        lock.close()
        raise
    return lock


def _connect_read_only(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    # A closed study in a folder that cannot be written: SQLite cannot make its shared index there and need not.
    for address in (uri, f"{uri}&immutable=1"):
        connection = sqlite3.connect(address, uri=True, timeout=1.0, isolation_level=None)
        try:
            check_version(connection, path)
            return connection
        except sqlite3.OperationalError:
            connection.close()
            if _has_unmerged_edits(path):
                raise
        except BaseException:
            connection.close()
            raise
    raise StudyError(f"{path} cannot be opened: no permission.")


def _has_unmerged_edits(path: Path) -> bool:
    """Tell whether edits lie in the write-ahead log only, where a read of the file alone would miss them."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _analysis_values(analysis: Analysis, stored: str) -> tuple[object, ...]:
    reference, source = analysis.reference, analysis.source
    return (
        reference.digest,
        reference.name,
        reference.version,
        source.simulated,
        source.trained_on,
        stored,
        json.dumps(None if analysis.rule is None else asdict(analysis.rule)),
        json.dumps([detection_to_json(detection) for detection in analysis.detections]),
        analysis.time_s.astype("<f8").tobytes(),
        analysis.probability.astype("<f4").tobytes(),
        analysis.gist,
        json.dumps(analysis.channels),
        analysis.calibration,
        pack_result(analysis.result),
    )


def _read_analysis(row: Sequence[Any]) -> Analysis:
    digest, name, version, simulated, trained_on, rule, detections, time_blob, probability_blob = row[:9]
    time_s = np.frombuffer(time_blob, "<f8")
    probability = np.frombuffer(probability_blob, "<f4")
    if probability.size != time_s.size:
        probability = probability.reshape(time_s.size, -1)
    source = ModelSource(
        ModelReference(name, version, digest), None if simulated is None else bool(simulated), trained_on
    )
    kept = tuple(detection_from_json(fields) for fields in json.loads(detections))
    # Of a study of an earlier version, the detections alone know what the network saw.
    known = kept[0] if kept else None
    fields = json.loads(rule)
    return Analysis(
        source,
        kept,
        time_s.astype(np.float64),
        probability.astype(np.float32),
        None if fields is None else EventRule(**fields),
        row[10],
        tuple(json.loads(row[11])) or (known.channels if known else ()),
        row[12] or (known.calibration if known else ""),
        unpack_result(row[13]),
    )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system say into one sentence naming the file."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StudyError(explain(path, error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise StudyError(f"{path} is damaged: {error}.") from error


def read_everything(path: Path) -> tuple[RecordingIdentity, Ledger, list[Analysis], list[Analysis]]:
    """Read a study without opening it for writing: its recording, journal, current analyses and all analyses.

    Raises
    ------
    StudyError
        There is no study, or it cannot be read.
    """
    with closing(Store.open_read_only(path)) as store:
        return store.read_identity(), store.read_ledger(), *store.read_analyses()
