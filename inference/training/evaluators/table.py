"""Which network can be evaluated on which corpus."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from inference.errors import TrainingError
from inference.training.corpora.sleep_edf import WAKE_MINUTES, read_sleep_edf
from inference.training.corpora.table import CORPORA, CorpusEntry, recognise_corpus
from inference.training.evaluators.eeg_fmri import EegFmriMaterial
from inference.training.evaluators.material import Material
from inference.training.evaluators.segments import SegmentMaterial
from inference.training.evaluators.seizures import SeizureMaterial
from inference.training.evaluators.sleep import SleepMaterial
from inference.training.evaluators.spasms import SpasmMaterial


@dataclass(frozen=True, slots=True)
class EvaluatorEntry:
    """What a network is evaluated on.

    Attributes
    ----------
    needs : the labels that a corpus must have, in a few words.
    fits : whether a corpus has them.
    open : makes the material of a folder that holds such a corpus.
    """

    title: str
    needs: str
    fits: Callable[[CorpusEntry], bool]
    open: Callable[[CorpusEntry, Path], Material]


def _open_spasms(corpus: CorpusEntry, folder: Path) -> Material:
    assert corpus.seizures is not None
    return SpasmMaterial(corpus.seizures(folder))


def _open_seizures(corpus: CorpusEntry, folder: Path) -> Material:
    assert corpus.seizures is not None
    return SeizureMaterial(corpus.seizures(folder))


def _open_segments(corpus: CorpusEntry, folder: Path) -> Material:
    assert corpus.segments is not None
    return SegmentMaterial(corpus.segments(folder))


def _open_sleep(corpus: CorpusEntry, folder: Path) -> Material:
    assert corpus.sleep is not None
    return SleepMaterial(corpus.sleep(folder))


EVALUATORS: Mapping[str, EvaluatorEntry] = MappingProxyType(
    {
        "iess-fusionnet": EvaluatorEntry(
            "IESS-FusionNet",
            "recordings in which epileptic spasms are marked",
            lambda corpus: corpus.seizures is not None and corpus.has_spasms,
            _open_spasms,
        ),
        "dsmn-ess": EvaluatorEntry(
            "DSMN-ESS",
            "recordings in which seizures are marked",
            lambda corpus: corpus.seizures is not None,
            _open_seizures,
        ),
        "focus-localisation": EvaluatorEntry(
            "Focus localisation",
            "channels that are said to be focal or not",
            lambda corpus: corpus.segments is not None,
            _open_segments,
        ),
        "sleep-staging": EvaluatorEntry(
            "Sleep staging",
            "recordings whose sleep was staged",
            lambda corpus: corpus.sleep is not None,
            _open_sleep,
        ),
    }
)


def open_material(network: str, folder: Path, wake_minutes: float | None = WAKE_MINUTES) -> Material:
    """Recognise the corpus of a folder, and make of it what a network can be asked about.

    Parameters
    ----------
    wake_minutes : how much wake counts around the sleep of Sleep-EDF; None counts all of it.

    Raises
    ------
    TrainingError
        There is no such network, or the corpus has not the labels that it needs.
    LabelError, RecordingError
        The folder holds no known corpus, or cannot be read.
    """
    if network not in EVALUATORS:
        raise TrainingError(f"There is no network {network} to evaluate; there are {', '.join(EVALUATORS)}.")
    entry, name = EVALUATORS[network], recognise_corpus(folder)
    corpus = CORPORA[name]
    if not entry.fits(corpus):
        fitting = ", ".join(other.title for other in CORPORA.values() if entry.fits(other))
        raise TrainingError(
            f"{entry.title} needs {entry.needs}, and {folder} is {corpus.title} ({corpus.holds}): it fits {fitting}."
        )
    if name == "ds003768":
        return EegFmriMaterial(folder)
    if name == "sleep-edf":
        return SleepMaterial(read_sleep_edf(folder, wake_minutes))
    return entry.open(corpus, folder)
