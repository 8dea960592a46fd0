"""Where the electrodes of a patient with a focus lie, and what of a source each of them picks up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference.simulate.head import Dipole, Head, dipole_potential, scalp_positions

#: Radius of an adult's head, which turns the unit sphere of scalp positions into millimetres.
HEAD_MM = 90.0
#: A cortical source lies this deep, in radii, in the homogeneous sphere that stands for an adult's head (Berg and
#: Scherg 1994; deeper than in infants, whose skull conducts better; the value is this project's choice).
CORTEX_DEPTH = 0.38

Samples = NDArray[np.float32]
Place = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Source:
    """A patch of cortex: its place in millimetres from the head's centre, and the way that it points.

    ``reach_mm`` is the distance at which a depth electrode still sees half of its field.
    """

    place_mm: Place
    direction: Place
    reach_mm: float

    def seen_to(self, reach_mm: float) -> "Source":
        """Give the same patch with a wider or narrower field: slow activity comes from more cortex than fast one."""
        return Source(self.place_mm, self.direction, reach_mm)


class ElectrodeArray(Protocol):
    """What the simulation asks of electrodes; fields are (channels,) for a source of amplitude 1."""

    @property
    def names(self) -> tuple[str, ...]:
        """Channel labels as a recorder writes them."""
        ...

    @property
    def electrodes(self) -> tuple[str | None, ...]:
        """Canonical 10-20 name of each channel's electrode, None in the depth."""
        ...

    def field(self, source: Source) -> Samples:
        """Give what the channels record of a source, with their reference."""
        ...

    def nearness(self, source: Source) -> Samples:
        """Give how near the channels are to a source, from 0 to 1, whatever they are referenced to."""
        ...

    def tissue_mix(self) -> Samples:
        """Give a mixing matrix of independent noises, (channels, noises), with a mean variance of 1 over channels."""
        ...


class DepthArray:
    """Contacts along straight shafts, each against a distant reference or against its neighbour.

    Parameters
    ----------
    shafts : name and contact places (n, 3) in millimetres of each shaft, innermost contact first.
    bipolar : whether neighbouring contacts of a shaft are subtracted.
    """

    #: Activity of neighbouring tissue resembles each other up to about this distance.
    LIKENESS_MM = 9.0

    def __init__(self, shafts: Sequence[tuple[str, NDArray[np.float64]]], *, bipolar: bool) -> None:
        self.places_mm = np.concatenate([places for _, places in shafts])
        self.shaft = np.repeat(np.arange(len(shafts)), [len(places) for _, places in shafts])
        contacts = [f"{name}{index}" for name, places in shafts for index in range(1, len(places) + 1)]
        self._derivation = self._derive() if bipolar else np.eye(len(contacts))
        first = [int(np.argmax(row)) for row in self._derivation]
        self.names = tuple(
            f"EEG {contacts[i]}-{contacts[i + 1]}" if bipolar else f"EEG {contacts[i]}-Ref" for i in first
        )
        self.electrodes: tuple[str | None, ...] = (None,) * len(self.names)

    def _derive(self) -> NDArray[np.float64]:
        n_contacts = len(self.shaft)
        pairs = [i for i in range(n_contacts - 1) if self.shaft[i] == self.shaft[i + 1]]
        contacts = np.eye(n_contacts, dtype=np.float64)
        derivation: NDArray[np.float64] = contacts[pairs] - contacts[np.array(pairs) + 1]
        return derivation

    def field(self, source: Source) -> Samples:
        """Fall off with the distance, and turn around behind the patch, which is a layer of dipoles."""
        away = self.places_mm - np.asarray(source.place_mm)
        distance = np.linalg.norm(away, axis=1)
        cosine = (away @ np.asarray(source.direction)) / np.maximum(distance, 1.0)
        # At the patch itself there is no side to be on.
        sided = 0.7 * np.minimum(distance / 10.0, 1.0)
        seen = (1.0 - sided + sided * cosine) / (1.0 + (distance / source.reach_mm) ** 2)
        field: Samples = (self._derivation @ seen).astype(np.float32)
        return field

    def nearness(self, source: Source) -> Samples:
        """Of a bipolar channel the nearer contact counts."""
        distance = np.linalg.norm(self.places_mm - np.asarray(source.place_mm), axis=1)
        near = 1.0 / (1.0 + (distance / source.reach_mm) ** 2)
        nearest: Samples = (np.abs(self._derivation) * near).max(axis=1).astype(np.float32)
        return nearest

    def tissue_mix(self) -> Samples:
        """Resemblance falls off exponentially with the distance."""
        apart = np.linalg.norm(self.places_mm[:, None] - self.places_mm[None], axis=-1)
        likeness = np.exp(-apart / self.LIKENESS_MM) + 1e-6 * np.eye(len(apart))
        return _scaled_to_one(self._derivation @ np.linalg.cholesky(likeness))


class ScalpArray:
    """Electrodes of the 10-20 system on a homogeneous sphere, against one of the usual references."""

    def __init__(self, electrodes: Sequence[str], reference: str) -> None:
        self.electrodes: tuple[str | None, ...] = tuple(electrodes)
        self.names = tuple(f"EEG {electrode}-Ref" for electrode in electrodes)
        self._sites = tuple(electrodes)
        self._head = Head(electrodes, reference)

    def field(self, source: Source) -> Samples:
        """Give the potential of a dipole that points outwards."""
        return self._head.field(_cortical_dipole(source))

    def nearness(self, source: Source) -> Samples:
        """Give the potential without a reference, as a share of its largest."""
        potential = np.maximum(dipole_potential(_cortical_dipole(source), self._sites), 0.0)
        nearness: Samples = (potential / potential.max()).astype(np.float32)
        return nearness

    def tissue_mix(self) -> Samples:
        """Mix many sources all over the convexity."""
        n_points = 100
        z = np.linspace(1.0, -0.5, n_points)
        angle = np.pi * (1.0 + np.sqrt(5.0)) * np.arange(n_points)
        ring = np.sqrt(1.0 - z**2)
        points = np.stack([ring * np.cos(angle), ring * np.sin(angle), z], axis=1)
        fields = np.stack([self._head.field(Dipole.radial(point, CORTEX_DEPTH)) for point in points], axis=1)
        return _scaled_to_one(fields)

    def eye_field(self) -> Samples:
        """Give what blinks look like: largest in front, fading backwards."""
        forward = scalp_positions(self._sites)[:, 1]
        field: Samples = np.clip(1.6 * forward - 0.4, 0.0, None).astype(np.float32)
        return field


def _cortical_dipole(source: Source) -> Dipole:
    return Dipole.radial(source.place_mm, CORTEX_DEPTH)


def _scaled_to_one(mix: NDArray[np.floating]) -> Samples:
    scaled: Samples = (mix / np.sqrt((mix**2).sum(axis=1).mean())).astype(np.float32)
    return scaled
