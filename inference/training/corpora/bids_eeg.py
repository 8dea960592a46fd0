"""Any folder in BIDS-EEG whose events name seizures or sleep stages: SzCORE's event types, or HED-SCORE tags.

Sources: https://bids-specification.readthedocs.io (EEG, task events, inheritance); Dan et al. 2024, arXiv 2402.13005.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from inference.errors import LabelError
from inference.labels.events_tsv import read_seizures
from inference.labels.hypnogram_formats import read_hypnogram
from inference.labels.reading import read_text
from inference.labels.szcore import BACKGROUND
from inference.labels.vocabulary import find_term, is_seizure
from inference.training.corpora.recordings import (
    SeizureCorpus,
    SeizureRecording,
    SleepCorpus,
    SleepRecording,
    compile_whole,
    name_some,
)
from inference.training.corpora.segments import find_files

NAME = "BIDS-EEG"
RECORDING = compile_whole(r"sub-[0-9a-z]+_.*_?eeg\.(edf|bdf|vhdr|set)")
#: Folders of a data set whose files are not its recordings.
_BESIDES = frozenset({"derivatives", "sourcedata", "stimuli", "code"})
_SPASM = "Epileptic-spasm"
#: HED-SCORE names more seizures than the vocabulary does, and what is none: Psychogenic-nonepileptic-seizure.
_SEIZURE = re.compile(r"(?<!nonepileptic)-seizure$", re.IGNORECASE)


def read_bids_seizures(folder: Path) -> SeizureCorpus:
    """Read which recordings there are and when seizures are in them; no signal is read.

    Events are of a seizure by ``eventType`` or ``trial_type`` (SzCORE's or this program's names) or by HED tags, in a
    column or in the JSON file beside the table. A recording counts where its events name a seizure or, as SzCORE does
    where there is none, background; of the others nobody says that they have no seizure.

    Raises
    ------
    LabelError
        There is no recording with such events, or a table cannot be understood.
    RecordingError
        The folder cannot be read.
    """
    recordings: list[SeizureRecording] = []
    unlabelled: list[str] = []
    for path, events in _find_recordings(folder):
        if not events.is_file():
            unlabelled.append(path.name)
            continue
        tags = _read_levels(events, folder)
        seizures = read_seizures(events, _looking_for(_tells_seizure, tags)).seizures
        spasms = read_seizures(events, _looking_for(_tells_spasm, tags)).seizures
        if seizures or read_seizures(events, lambda text: text == BACKGROUND).seizures:
            recordings.append(SeizureRecording(_subject(path), path, seizures, spasms))
        else:
            unlabelled.append(path.name)
    if not recordings:
        raise LabelError(f"{folder} holds no EEG recording in BIDS whose events name seizures or background.")
    problems = (f"No events say whether there are seizures in {name_some(unlabelled)}: left out.",)
    return SeizureCorpus(NAME, tuple(recordings), problems if unlabelled else ())


def read_bids_sleep(folder: Path) -> SleepCorpus:
    """Read which recordings there are and how their sleep was staged; no signal is read.

    Raises
    ------
    LabelError
        There is no recording whose events name sleep stages.
    RecordingError
        The folder cannot be read.
    """
    recordings: list[SleepRecording] = []
    unlabelled: list[str] = []
    for path, events in _find_recordings(folder):
        try:
            recordings.append(SleepRecording(_subject(path), path, read_hypnogram(events).to_aasm()))
        except LabelError:
            unlabelled.append(path.name)
    if not recordings:
        raise LabelError(f"{folder} holds no EEG recording in BIDS whose events name sleep stages.")
    problems = (f"No events name the sleep stages of {name_some(unlabelled)}: left out.",)
    return SleepCorpus(NAME, tuple(recordings), problems if unlabelled else ())


def _find_recordings(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Give each recording and where its events should be."""
    for path in find_files(folder, RECORDING):
        if not _BESIDES & set(path.relative_to(folder).parts):
            yield path, path.with_name(re.sub(r"eeg\.\w+$", "events.tsv", path.name, flags=re.IGNORECASE))


def _subject(path: Path) -> str:
    return path.name.split("_")[0]


def _looking_for(tells: Callable[[str], bool], tags: Mapping[str, str]) -> Callable[[str], bool]:
    return lambda text: tells(text) or tells(tags.get(text, ""))


def _tells_seizure(text: str) -> bool:
    """Tell whether an event type or any of its HED tags names a seizure."""
    tags = _split_tags(text)
    return is_seizure(text) or any(is_seizure(tag) or _SEIZURE.search(tag) is not None for tag in tags)


def _tells_spasm(text: str) -> bool:
    """Tell whether an event type or any of its HED tags names an epileptic spasm."""
    # SzCORE's types end in _spasms whatever the onset: sz_gen_m_spasms, sz_foc_m_spasms, sz_uo_m_spasms.
    names = (text, *_split_tags(text))
    return any(is_seizure(name) and (name.endswith("_spasms") or _is_spasm_term(name)) for name in names)


def _is_spasm_term(name: str) -> bool:
    try:
        return find_term(name).term_id == _SPASM
    except LabelError:
        return False


def _split_tags(text: str) -> list[str]:
    """Give the tags of a HED string, each by its last name and without the prefix of a library."""
    tags = [tag.strip() for tag in re.split(r"[,()]", text)]
    return [re.split(r"[/:]", tag)[-1] for tag in tags if tag]


def _read_levels(events: Path, root: Path) -> dict[str, str]:
    """Give the HED string of each type of event, from the JSON files that apply to a table, the nearest last."""
    entities = set(events.stem.split("_"))
    levels: dict[str, str] = {}
    folders = [folder for folder in (events.parent, *events.parent.parents) if folder.is_relative_to(root)]
    for folder in reversed(folders):
        for path in sorted(folder.glob("*events.json")):
            if set(path.stem.split("_")) <= entities:
                levels |= _read_hed(path)
    return levels


def _read_hed(path: Path) -> dict[str, str]:
    try:
        columns = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise LabelError(f"{path} is not JSON.") from error
    found: dict[str, str] = {}
    for column in columns.values() if isinstance(columns, dict) else ():
        hed = column.get("HED") if isinstance(column, dict) else None
        if isinstance(hed, dict):
            found |= {str(level): str(tags) for level, tags in hed.items()}
    return found
