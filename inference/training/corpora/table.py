"""The corpora that can be read as they are downloaded, and how a folder tells which of them it is."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from inference.errors import LabelError, RecordingError
from inference.training.corpora import bids_eeg, chb_mit, ds003768, siena, simulated, sleep_edf
from inference.training.corpora.bern_barcelona import read_bern_barcelona
from inference.training.corpora.bonn import read_bonn
from inference.training.corpora.recordings import SeizureCorpus, SleepCorpus, compile_whole
from inference.training.corpora.segments import Segments


@dataclass(frozen=True, slots=True)
class CorpusEntry:
    """A corpus by the files that give it away, and its readers for what it has labels of.

    Attributes
    ----------
    holds : what there is in it, in a few words.
    mark : the whole name of a file that no other corpus has.
    segments, seizures, sleep : readers of single-channel segments with classes, of recordings with seizures, and of
        recordings with sleep stages; None where the corpus has no such labels.
    has_spasms : whether epileptic spasms are told from other seizures.
    """

    title: str
    holds: str
    mark: re.Pattern[str]
    segments: Callable[[Path], Segments] | None = None
    seizures: Callable[[Path], SeizureCorpus] | None = None
    sleep: Callable[[Path], SleepCorpus] | None = None
    has_spasms: bool = False


#: By the name that is typed. BIDS comes last: other corpora have come to be offered in it as well.
CORPORA: Mapping[str, CorpusEntry] = MappingProxyType(
    {
        "bonn": CorpusEntry(
            "Bonn",
            "intracranial segments, focal (D) or not (C)",
            compile_whole(r"[ZONFS]\d{3}\.txt"),
            segments=read_bonn,
        ),
        "bern-barcelona": CorpusEntry(
            "Bern-Barcelona",
            "intracranial pairs of channels, focal or not",
            compile_whole(r"Data_[FN]_Ind_?\d+\.txt"),
            segments=read_bern_barcelona,
        ),
        "chb-mit": CorpusEntry(
            "CHB-MIT", "scalp EEG of children, seizures", chb_mit.SUMMARY, seizures=chb_mit.read_chb_mit
        ),
        "siena": CorpusEntry("Siena", "scalp EEG of adults, seizures", siena.LIST, seizures=siena.read_siena),
        "sleep-edf": CorpusEntry(
            "Sleep-EDF", "nights, sleep stages", sleep_edf.RECORDING, sleep=sleep_edf.read_sleep_edf
        ),
        "ds003768": CorpusEntry(
            "ds003768",
            "EEG and fMRI on falling asleep, sleep stages",
            compile_whole(r"sub-[0-9A-Za-z]+-sleep-stage\.tsv"),
            sleep=ds003768.read_ds003768_sleep,
        ),
        "simulated": CorpusEntry(
            "simulated",
            "what 'spasmlens simulate' wrote, seizures and spasms",
            simulated.TRUTH,
            seizures=simulated.read_simulated,
            has_spasms=True,
        ),
        "bids-eeg": CorpusEntry(
            "BIDS-EEG",
            "any EEG in BIDS with SzCORE or HED events: seizures, spasms or sleep stages",
            bids_eeg.RECORDING,
            seizures=bids_eeg.read_bids_seizures,
            sleep=bids_eeg.read_bids_sleep,
            has_spasms=True,
        ),
    }
)


def recognise_corpus(folder: Path) -> str:
    """Tell by the names of its files which corpus a folder holds.

    Raises
    ------
    LabelError
        It is none that is known, or several.
    RecordingError
        The folder is not there.
    """
    if not folder.is_dir():
        raise RecordingError(f"{folder} is not a folder.")
    names = {name for _, _, files in os.walk(folder) for name in files}
    found = [name for name, entry in CORPORA.items() if any(entry.mark.fullmatch(file) for file in names)]
    if found[1:] == ["bids-eeg"]:
        found.pop()
    if len(found) > 1:
        raise LabelError(f"{folder} holds several corpora ({', '.join(found)}): name the folder of one of them.")
    if not found:
        raise LabelError(f"{folder} holds no corpus that is known: there are readers for {', '.join(CORPORA)}.")
    return found[0]
