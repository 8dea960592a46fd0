"""The networks that can be made by one command, each by its own recipe."""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from inference.errors import TrainingError
from inference.training.progress import TrainingProgress


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What may be asked of any recipe; None stands for the recipe's own value.

    Attributes
    ----------
    seed : decides patients, first weights and batches.
    device : "cpu", "cuda", or "auto" for the GPU where there is one.
    n_threads : processor threads; the result depends on them.
    work_folder : where simulated patients, checkpoints and the learning curve are kept; beside the package if None.
    resume : go on with the run that the work folder holds.
    minutes_limit : ends the training steps early; the result is then not repeatable.
    n_patients, n_steps : simulated patients to learn from, and training steps.
    """

    seed: int = 0
    device: str = "auto"
    n_threads: int | None = None
    work_folder: Path | None = None
    resume: bool = False
    minutes_limit: float | None = None
    n_patients: int | None = None
    n_steps: int | None = None

    def asked(self, *names: str) -> dict[str, Any]:
        """Give those of these options for which a value was asked, to replace a recipe's own."""
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class RecipeEntry:
    """A recipe by the module that holds it, which is imported when it is used: torch takes seconds to load.

    The module has ``train(folder: Path, options: TrainOptions) -> Iterator[TrainingProgress]``, which simulates
    patients, fits the network, writes its package into the folder and scores it on patients that training never saw.
    """

    title: str
    learns: str
    module: str

    def train(self, folder: Path, options: TrainOptions) -> Iterator[TrainingProgress]:
        """Make the network's package, reporting on the way.

        Raises
        ------
        TrainingError
            It cannot be made as asked.
        """
        yield from importlib.import_module(self.module).train(folder, options)


RECIPES: Mapping[str, RecipeEntry] = MappingProxyType(
    {
        "iess-fusionnet": RecipeEntry(
            "IESS-FusionNet",
            "epileptic spasms in EEG and EMG, from simulated infants",
            "inference.training.iess_fusionnet",
        ),
        "focus-localisation": RecipeEntry(
            "Focus localisation",
            "which channels lie over an epileptic focus, from simulated patients between seizures",
            "inference.training.focus_localisation",
        ),
        "sleep-staging": RecipeEntry(
            "Gated EEG-fMRI sleep staging",
            "sleep stages in EEG, BOLD signals or both, from simulated sleepers",
            "inference.training.sleep_staging",
        ),
        "dsmn-ess": RecipeEntry(
            "DSMN-ESS",
            "epilepsy syndromes and seizures in EEG, from simulated children",
            "inference.training.dsmn_ess",
        ),
    }
)


def find_recipe(name: str) -> RecipeEntry:
    """Give the recipe of a network.

    Raises
    ------
    TrainingError
        There is none of that name.
    """
    if name not in RECIPES:
        raise TrainingError(f"There is no recipe for {name}; there is one for {', '.join(RECIPES)}.")
    return RECIPES[name]
