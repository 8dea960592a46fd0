"""The work folder of a training run: patients and checkpoints until it is over, the learning curve for good."""

import shutil
from pathlib import Path

from inference.errors import TrainingError

PATIENTS_NAME, CHECKPOINT_NAME = "patients", "checkpoint"


def work_folder_beside(package: Path) -> Path:
    """Give the work folder of a package when none is named: its neighbour, called like it with ``.work`` at the end."""
    package = package.resolve()
    return package.parent / f"{package.name}.work"


def open_work_folder(folder: Path, *, resume: bool) -> Path:
    """Make a work folder, or open one to go on in it.

    Raises
    ------
    TrainingError
        A run was begun there and nobody asked to go on with it, or the folder cannot be made.
    """
    if not resume and any((folder / name).exists() for name in (PATIENTS_NAME, CHECKPOINT_NAME)):
        raise TrainingError(
            f"{folder} holds a training that was begun and not finished: go on with it with --resume, "
            "or remove the folder to begin anew."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"The work folder {folder} cannot be made: {error.strerror}.") from error
    return folder


def clear_work_folder(folder: Path) -> None:
    """Remove what only an unfinished run needs."""
    for name in (PATIENTS_NAME, CHECKPOINT_NAME):
        shutil.rmtree(folder / name, ignore_errors=True)
