"""Finding the model packages that are here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inference.errors import ModelPackageError
from inference.runtime.cards import CARD_NAME
from inference.runtime.package import ModelPackage, open_package
from resources import FOLDER

SHIPPED_FOLDER = FOLDER / "models"


@dataclass(frozen=True, slots=True)
class PackageSurvey:
    """The packages of a folder that passed verification, by name, and a sentence on each that did not."""

    packages: tuple[ModelPackage, ...]
    problems: tuple[str, ...]


def survey_packages(folder: Path = SHIPPED_FOLDER) -> PackageSurvey:
    """Verify every package in a folder; what is damaged is told and left out."""
    packages, problems = [], []
    for card in sorted(folder.glob(f"*/{CARD_NAME}")):
        try:
            packages.append(open_package(card.parent))
        except ModelPackageError as error:
            problems.append(str(error))
    return PackageSurvey(tuple(sorted(packages, key=lambda package: package.card.name)), tuple(problems))


def shipped_packages() -> list[ModelPackage]:
    """Give the intact packages that came with this program, by name."""
    return list(survey_packages().packages)


def choose_packages(packages: Sequence[ModelPackage], names: Sequence[str]) -> tuple[ModelPackage, ...]:
    """Pick packages by name in the order asked for; no names means all.

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
