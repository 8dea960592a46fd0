"""Which recordings an archive holds, and where the results on each go."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from inference.recordings.failures import describe_os_error

#: Names of files that `open_recording` opens and that are not the data or the markers of another file.
_ENDINGS: Final = frozenset({".edf", ".bdf", ".rec", ".gdf", ".vhdr", ".set", ".lay", ".head", ".cnt", ".fif", ".raw"})
#: Nihon Kohden's data end like BrainVision's, which have their header beside them.
_NIHON_KOHDEN: Final = ".eeg"
#: This recording is a folder.
_EGI_FOLDER: Final = ".mff"


@dataclass(frozen=True, slots=True)
class ArchiveItem:
    """One recording of many: where it lies, what the table calls it, and the folder that its results go into."""

    path: Path
    name: str
    folder: Path


def find_items(paths: Sequence[Path], out: Path) -> tuple[tuple[ArchiveItem, ...], tuple[str, ...]]:
    """Name every recording in files and folders, and say what could not be looked into.

    The results on a folder's recordings keep its places below ``out``. A file is taken whatever its name; in folders
    names decide, and what is hidden is passed over; what is named twice is taken once.
    """
    items: list[ArchiveItem] = []
    problems: list[str] = []
    for path in paths:
        if path.is_dir() and path.suffix.lower() != _EGI_FOLDER:
            found = sorted(_walk(path, out.resolve(), problems))
            places = [file.relative_to(path) for file in found]
            items += [ArchiveItem(path / place, str(place), out / place.parent) for place in places]
            if not found:
                problems.append(f"There is no recording in {path}.")
        else:
            items.append(ArchiveItem(path, path.name, out))
    return tuple(dict.fromkeys(items)), tuple(problems)


def refuse_twins(items: Sequence[ArchiveItem]) -> dict[ArchiveItem, str]:
    """Say of each recording whose results would overwrite those of one before it why it is not analysed."""
    taken: dict[tuple[Path, str], Path] = {}
    refused = {}
    for item in items:
        before = taken.setdefault((item.folder, item.path.stem), item.path)
        if before is not item.path:
            refused[item] = (
                f"{item.path} was not analysed: its results in {item.folder} would overwrite those of {before}."
            )
    return refused


def _walk(folder: Path, out: Path, problems: list[str]) -> Iterator[Path]:
    def pass_over(error: OSError) -> None:
        problems.append(f"{error.filename} was passed over: {describe_os_error(error)}.")

    for place, folders, files in os.walk(folder, onerror=pass_over):
        here = Path(place)
        yield from (here / name for name in folders if Path(name).suffix.lower() == _EGI_FOLDER)
        folders[:] = [name for name in folders if _is_archive(here / name) and (here / name).resolve() != out]
        yield from (here / name for name in files if _is_recording(here / name))


def _is_archive(folder: Path) -> bool:
    return not folder.name.startswith(".") and folder.suffix.lower() != _EGI_FOLDER


def _is_recording(path: Path) -> bool:
    ending = path.suffix.lower()
    if path.name.startswith("."):
        return False
    if ending == _NIHON_KOHDEN:
        return not path.with_suffix(".vhdr").exists()
    return ending in _ENDINGS
