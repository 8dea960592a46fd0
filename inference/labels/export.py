"""One door to every export format."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from inference.errors import LabelError
from inference.labels.bids import export_bids
from inference.labels.edf import export_edf
from inference.labels.labelset import LabelSet
from inference.labels.szcore import export_szcore
from inference.labels.training import export_training

#: Formats by the name they have on the command line; each writes into a folder of its own.
EXPORT_FORMATS: Mapping[str, Callable[[LabelSet, Path], list[Path]]] = {
    "bids": export_bids,
    "szcore": export_szcore,
    "edf": export_edf,
    "training": export_training,
}


def export_labels(labels: LabelSet, formats: Iterable[str], folder: Path) -> list[Path]:
    """Write labels in several formats, each below ``folder`` under the format's name; give the files written.

    Raises
    ------
    LabelError
        A format is not known, ``folder`` is a file, or something cannot be written.
    """
    chosen = list(dict.fromkeys(formats))
    for name in chosen:
        if name not in EXPORT_FORMATS:
            raise LabelError(f"There is no export format {name!r}; choose from {', '.join(EXPORT_FORMATS)}.")
    return [path for name in chosen for path in EXPORT_FORMATS[name](labels, folder / name)]
