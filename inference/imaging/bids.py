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
#: Entities that tell apart what was made of one run, not runs.
_MADE: Final = ("space", "res", "den", "desc", "label")


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
    """Find the fMRI runs that belong to an EEG recording, the best match first.

    In a BIDS data set those are the ``func/*_bold.nii[.gz]`` of the same subject and session, its derivatives'
    (fMRIPrep's) included, whose task, run and acquisition do not contradict the recording's; of one run, the image in
    MNI space goes before the raw one. Elsewhere it is an image beside the recording that has its name, or its name and
    more after ``_``, ``-`` or a space.
    """
    entities, suffix = split_name(recording)
    if suffix == "eeg" and "sub" in entities:
        return _find_in_bids(recording, entities)
    stem = recording.name.partition(".")[0]
    names = (f"{stem}_", f"{stem}-", f"{stem} ")
    beside = [(path, image_stem(path)) for path in _images(recording.parent)]
    return tuple(path for path, name in beside if name == stem or name.startswith(names))


def run_entities(path: Path) -> dict[str, str]:
    """Give the entities that tell a run from another, without those that tell what was made of it."""
    return {name: value for name, value in split_name(path)[0].items() if name not in _MADE}


def _find_in_bids(recording: Path, entities: Mapping[str, str]) -> tuple[Path, ...]:
    best: dict[frozenset[tuple[str, str]], Path] = {}
    for path in sorted(_bold_images(recording), key=_rank):
        if _agree(entities, run_entities(path)):
            best.setdefault(frozenset(run_entities(path).items()), path)
    return tuple(sorted(best.values(), key=lambda path: (-_n_shared(entities, run_entities(path)), path.name)))


def _bold_images(recording: Path) -> Iterator[Path]:
    home = recording.absolute().parent.parent
    folders = [recording.parent.parent / "func"]
    for root in (home.parent, home.parent.parent):
        if (root / "dataset_description.json").is_file():
            below = home.relative_to(root) / "func"
            folders += [pipeline / below for pipeline in _listing(root / "derivatives")]
    for folder in folders:
        yield from (path for path in _images(folder) if split_name(path)[1] == "bold")


def _rank(path: Path) -> tuple[int, str]:
    entities, _ = split_name(path)
    space = entities.get("space", "")
    raw = not any(name in entities for name in _MADE)
    return 0 if space.startswith("MNI") else 1 if raw else 2, path.name


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
