"""Where an image lies in MNI space, by what right that is said, and whether regions may be named on it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.imaging.affine_fit import AffineFit, brain_mask, brain_overlap, fit_to_template
from inference.imaging.bids import split_name
from inference.imaging.registration_file import read_registration
from inference.imaging.volumes import Volumes
from inference.imaging.voxels import VoxelStatistics

_MNI_CODE: Final = 4
#: Below this, an image that says it is in MNI space, or that a registration puts there, plainly is not.
_LEAST_OVERLAP: Final = 0.6
#: What a fit must reach: three real whole brains explained 0.90 to 0.95 and overlapped 0.93 to 0.97, a slab of three
#: slices 0.34 and 0.75.
_LEAST_FIT_EXPLAINED: Final = 0.7
_LEAST_FIT_OVERLAP: Final = 0.85
_SCALES: Final = (0.7, 1.6)
#: A fit of twelve numbers to fewer voxels of brain explains them all and means nothing: of a real brain in voxels of 25
#: mm there are 73, in voxels of 10 mm about 1,400.
_LEAST_FIT_VOXELS: Final = 500


class Basis(StrEnum):
    """By what right an image is placed in MNI space."""

    CLAIM = "claim"
    REGISTRATION = "registration"
    FIT = "fit"


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """An image in MNI space.

    Attributes
    ----------
    to_mni : (4, 4) from voxel of the image to mm in MNI space.
    basis : by what right.
    overlap : Dice overlap of its brain with the template's, 0 to 1, within its field of view.
    trusted : whether regions may be named on it.
    sentence : all that in words, to be shown wherever regions are.
    """

    to_mni: NDArray[np.float64]
    basis: Basis
    overlap: float
    trusted: bool
    sentence: str


def place(volumes: Volumes, statistics: VoxelStatistics, registration: Path | None = None) -> Placement:
    """Place a run in MNI space: by the user's registration, else by its own claim, else by a fit to the template.

    Raises
    ------
    ImagingError
        The registration cannot be used.
    """
    brain = brain_mask(statistics)
    if registration is not None:
        to_mni = read_registration(registration) @ volumes.affine
        overlap = brain_overlap(brain, to_mni)
        what = f"Placed in MNI space by {registration.name}"
        return _placement(to_mni, Basis.REGISTRATION, overlap, overlap >= _LEAST_OVERLAP, what)
    claim = claims_mni(volumes)
    if claim is not None:
        overlap = brain_overlap(brain, volumes.affine)
        return _placement(volumes.affine, Basis.CLAIM, overlap, overlap >= _LEAST_OVERLAP, f"In MNI space: {claim}")
    fit = fit_to_template(statistics, volumes.affine)
    what = (
        "Not in MNI space; placed there by an affine fitted to the template, "
        f"which explains {fit.explained:.0%} of the mean volume"
    )
    n_voxels = int(brain.sum())
    if n_voxels < _LEAST_FIT_VOXELS:
        what = (
            f"Not in MNI space; the brain is {n_voxels} voxels, which any affine fitted to the template would explain"
        )
    is_good = _is_good(fit) and n_voxels >= _LEAST_FIT_VOXELS
    return _placement(fit.to_mni @ volumes.affine, Basis.FIT, fit.overlap, is_good, what)


def claims_mni(volumes: Volumes) -> str | None:
    """Tell, as a clause, why an image says that it is in MNI space; None where it does not say so."""
    entities, _ = split_name(volumes.path)
    if entities.get("space", "").startswith("MNI"):
        return f"its name says space-{entities['space']}"
    reference = volumes.sidecar.get("SpatialReference")
    if isinstance(reference, str) and "MNI" in reference.upper():
        return "its sidecar says so"
    if volumes.header.space_code == _MNI_CODE:
        return "its header says so"
    if volumes.header.description.startswith("spm - 3D normalized"):
        return "SPM's header says that it was normalised"
    return None


def _is_good(fit: AffineFit) -> bool:
    fits = fit.explained >= _LEAST_FIT_EXPLAINED and fit.overlap >= _LEAST_FIT_OVERLAP
    return fits and all(_SCALES[0] <= scale <= _SCALES[1] for scale in fit.scales)


def _placement(to_mni: NDArray[np.float64], basis: Basis, overlap: float, trusted: bool, what: str) -> Placement:
    sentence = f"{what}; its brain overlaps with the template's by {overlap:.0%}"
    verdict = "." if trusted else ": too little to name regions. Supply a registration, or the image in MNI space."
    return Placement(to_mni, basis, overlap, trusted, sentence + verdict)
