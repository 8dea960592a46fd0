"""What BIDS puts beside an image or a recording: sidecars, and the files that belong together."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

_LARGEST_SIDECAR_BYTES: Final = 4_000_000
_IMAGE_SUFFIXES: Final = (".nii.gz", ".nii")
#: Levels from a file up to the folder of its data set: dataset/sub/ses/func.
_LEVELS: Final = 4


def split_name(path: Path) -> tuple[dict[str, str], str]:
    """Split a BIDS name into its entities and its suffix: ``sub-01_task-rest_bold.nii.gz`` into those and ``bold``."""
    *parts, suffix = path.name.partition(".")[0].split("_")
    entities = dict(part.split("-", 1) for part in parts if "-" in part)
    return entities, suffix


def image_stem(path: Path) -> str:
    """Give an image's name without ``.nii`` or ``.nii.gz``."""
    name = path.name
    for suffix in _IMAGE_SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return path.stem


def is_image(path: Path) -> bool:
    """Tell from its name whether a file is a NIfTI image."""
    return path.name.lower().endswith(_IMAGE_SUFFIXES)


def read_sidecars(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Read the JSON sidecars of a file, the nearer before the farther, and tell what is wrong with any of them.

    A sidecar belongs to the file that it is named after; farther up in the data set also to every file of its suffix
    that has all its entities (the inheritance principle of BIDS).
    """
    fields: dict[str, Any] = {}
    problems: list[str] = []
    for sidecar in _sidecars(path):
        try:
            if sidecar.stat().st_size > _LARGEST_SIDECAR_BYTES:
                raise ValueError("too large")
            content = json.loads(sidecar.read_text(encoding="utf-8-sig"))
            if not isinstance(content, dict):
                raise TypeError("no object")
        except (OSError, ValueError, TypeError, RecursionError):
            problems.append(f"The sidecar {sidecar.name} cannot be read as a JSON object and is left out.")
            continue
        fields = {**content, **fields}
    return fields, tuple(problems)


def number(fields: Mapping[str, Any], name: str) -> float | None:
    """Give a finite number of a sidecar, None where there is none of that name."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def find_bold(recording: Path) -> tuple[Path, ...]:
    """Find the fMRI that belongs to an EEG recording, the best match first.

    In a BIDS data set that is every ``func/*_bold.nii[.gz]`` of the same subject and session whose task, run and
    acquisition do not contradict the recording's; elsewhere an image beside it that has the recording's name, or that
    name and more after ``_``, ``-`` or a space.
    """
    entities, suffix = split_name(recording)
    if suffix == "eeg" and "sub" in entities:
        folder = recording.parent.parent / "func"
        images = [path for path in _images(folder) if split_name(path)[1] == "bold"]
        agreeing = [path for path in images if _agree(entities, split_name(path)[0])]
        return tuple(sorted(agreeing, key=lambda path: (-_n_shared(entities, split_name(path)[0]), path.name)))
    stem = recording.name.partition(".")[0]
    names = (f"{stem}_", f"{stem}-", f"{stem} ")
    beside = [(path, image_stem(path)) for path in _images(recording.parent)]
    return tuple(path for path, name in beside if name == stem or name.startswith(names))


def _sidecars(path: Path) -> Iterator[Path]:
    own = path.with_name(f"{path.name.partition('.')[0]}.json")
    if own.is_file():
        yield own
    entities, suffix = split_name(path)
    if not entities:
        return
    for folder in path.absolute().parents[:_LEVELS]:
        candidates = []
        for sidecar in _listing(folder):
            theirs, kind = split_name(sidecar)
            named_for_it = kind == suffix and theirs.items() <= entities.items()
            if sidecar.suffix == ".json" and named_for_it and sidecar.name != own.name:
                candidates.append((len(theirs), sidecar))
        yield from (sidecar for _, sidecar in sorted(candidates, reverse=True))
        if (folder / "dataset_description.json").is_file():
            return


def _images(folder: Path) -> list[Path]:
    return [path for path in _listing(folder) if is_image(path) and path.is_file()]


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _agree(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return all(one.get(name) == other.get(name) for name in ("sub", "ses")) and all(
        one[name] == other[name] for name in ("task", "run", "acq") if name in one and name in other
    )


def _n_shared(one: Mapping[str, str], other: Mapping[str, str]) -> int:
    return len(one.items() & other.items())
