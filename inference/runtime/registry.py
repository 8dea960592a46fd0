"""Finding the model packages that are here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from inference.errors import ModelPackageError
from inference.runtime.cards import CARD_NAME
from inference.runtime.package import ModelPackage, open_package
from resources import FOLDER

SHIPPED_FOLDER = FOLDER / "models"
#: The networks that this program was made for, by name, and what is not told where one is missing.
NETWORKS: Mapping[str, str] = MappingProxyType(
    {
        "iess-fusionnet": "spasms are not looked for",
        "dsmn-ess": "seizures are not looked for and no syndrome is told",
        "focus-localisation": "no channel is told to lie over the focus",
        "sleep-staging": "sleep is not staged",
    }
)
#: The order in which networks run: what a reader works through first must not wait for the rest.
_TASKS_IN_ORDER = ("spasm", "seizure", "focus", "sleep_stage")


@dataclass(frozen=True, slots=True)
class PackageSurvey:
    """The packages of a folder that passed verification, in running order, and a sentence on each that did not."""

    packages: tuple[ModelPackage, ...]
    problems: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """A sentence on each of `NETWORKS` that is not here at all."""
        here = {package.card.name for package in self.packages}
        return tuple(
            f"{name} is not installed: {lack}."
            for name, lack in NETWORKS.items()
            if name not in here and not any(name in problem for problem in self.problems)
        )


def survey_packages(folder: Path = SHIPPED_FOLDER) -> PackageSurvey:
    """Verify every package in a folder; what is damaged is told and left out."""
    packages, problems = [], []
    for card in sorted(folder.glob(f"*/{CARD_NAME}")):
        try:
            packages.append(open_package(card.parent))
        except ModelPackageError as error:
            problems.append(str(error))
    return PackageSurvey(tuple(sorted(packages, key=_place_in_order)), tuple(problems))


def shipped_packages() -> list[ModelPackage]:
    """Give the intact packages that came with this program, in running order."""
    return list(survey_packages().packages)


def choose_packages(packages: Sequence[ModelPackage], names: Sequence[str]) -> tuple[ModelPackage, ...]:
    """Pick packages by name in the order asked for; no names means all, in running order.

    Raises
    ------
    ModelPackageError
        A name is not among them, or there are none at all.
    """
    if not packages:
        raise ModelPackageError("No intact model package is installed.")
    by_name = {package.card.name: package for package in packages}
    for name in names:
        if name not in by_name:
            raise ModelPackageError(f"There is no model named {name}; there are {', '.join(by_name)}.")
    return tuple(by_name[name] for name in names) if names else tuple(packages)


def _place_in_order(package: ModelPackage) -> tuple[bool, int, str]:
    """Networks with events come first, spasms before seizures; among others, the known ones before the unknown."""
    card = package.card
    place = _TASKS_IN_ORDER.index(card.task) if card.task in _TASKS_IN_ORDER else len(_TASKS_IN_ORDER)
    return card.events is None, place, card.name
