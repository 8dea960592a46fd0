"""What the ROI map says: of a place, of a region, of the volume, and of the run as a whole."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from app.panels.fmri.slices import Spot, signed
from app.times import elapsed_text
from inference.explain.regions import RegionRelevance
from inference.imaging.alignment import ClockSource
from inference.imaging.atlas_file import ATLAS_VARIABLE, atlas_folder
from inference.imaging.fmri_study import FmriStudy
from inference.imaging.parcels import NETWORKS
from inference.imaging.roi_series import RoiSeries

_CLOCKS: Final[Mapping[ClockSource, str]] = {
    ClockSource.HAND: "Placed in time by hand",
    ClockSource.TRIGGERS: "Placed in time by its volume triggers",
    ClockSource.SIDECAR: "Placed in time by the recording's sidecar",
    ClockSource.TIMES: "Placed in time by the clocks of scanner and amplifier",
    ClockSource.ASSUMED: "Taken to begin with the recording, which nothing confirms",
    ClockSource.OWN: "On its own clock, without EEG",
}
#: What must be seen first: nothing in the files stands behind it.
_DOUBTFUL: Final = (ClockSource.HAND, ClockSource.ASSUMED)


def tell_region(study: FmriStudy, label: int) -> tuple[str, str]:
    """Give a region's name, "approximate" where it is, and its network and side."""
    parcel = study.atlas.parcels[label - 1]
    approximate = " (approximate)" if study.atlas.approximate else ""
    return f"{parcel.short_name}{approximate}", f"{NETWORKS[parcel.network].capitalize()}, {parcel.hemisphere}"


def tell_value(value: float, unit: str) -> tuple[str, ...]:
    """Give a value with its unit, nothing where there is none."""
    number = signed(value, 2)
    return () if np.isnan(value) else (f"{number} %" if unit == "%" else f"{unit} {number}",)


def tell_spot(study: FmriStudy, spot: Spot, space_name: str, unit: str) -> tuple[str, ...]:
    """Give the region, the coordinates and the value of a place."""
    places = " ".join(signed(value) for value in spot.place_mm)
    lines = (f"{space_name} {places} mm", *tell_value(spot.value, unit))
    if spot.region:
        return *tell_region(study, spot.region), *lines
    return lines if study.labels is None else ("No region", *lines)


def tell_relevance(relevance: RegionRelevance) -> str:
    """Say which stage is explained, and what all of the fMRI adds to it."""
    told = f"For {relevance.stage} ({relevance.probability:.2f}) from {elapsed_text(relevance.onset_s, 0)}"
    if np.isnan(relevance.without_fmri):
        return f"{told}, staged from fMRI alone"
    return f"{told}; the fMRI as a whole adds {signed(relevance.without_fmri, 2)} log odds"


def tell_volume(study: FmriStudy, volume: int | None) -> str:
    """Say which volume is on the map, or that the time lies outside the run."""
    alignment = study.alignment
    if volume is None:
        span = f"{elapsed_text(alignment.offset_s, 0)} to {elapsed_text(alignment.end_s, 0)}"
        return f"Outside the run, which covers {span}"
    parts = [f"Volume {volume + 1} of {alignment.n_volumes}", elapsed_text(alignment.onset_s(volume))]
    scrubbed = study.series is not None and bool(study.series.scrubbed[volume])
    return "  ·  ".join([*parts, "left out"] if scrubbed else parts)


def tell_run(study: FmriStudy, own_offset_s: float) -> tuple[str, ...]:
    """Say by which atlas regions are named, how the run was placed in space and time, and what is odd about it."""
    clock = _CLOCKS[study.alignment.source]
    atlas = study.atlas.name if study.labels is not None else "No region is named"
    if study.alignment.source is ClockSource.HAND:
        moved_s = study.alignment.offset_s - own_offset_s
        clock = f"{clock}: {signed(moved_s, 3)} s from where the files place it"
    cleaned = () if study.series is None else (tell_cleaning(study.series),)
    lines = (f"{atlas}.", *study.notes, *cleaned)
    if study.alignment.source in _DOUBTFUL:
        return f"{clock}.", *lines, *study.problems
    return *lines, f"{clock}.", *study.problems


def tell_cleaning(series: RoiSeries) -> str:
    """Say how the signals of the regions were cleaned, and how many volumes were left out."""
    options, steps = series.options, []
    if options.detrend:
        steps.append("detrended")
    low, high = options.high_pass_hz, options.low_pass_hz
    if low is not None or high is not None:
        band = f"{low:g}–{high:g}" if low is not None and high is not None else f"> {low:g}" if low else f"< {high:g}"
        steps.append(f"{band} Hz")
    if options.confounds and series.confounds is not None:
        n = len(series.confounds.names)
        steps.append(f"{n} confound{'' if n == 1 else 's'} taken out")
    if options.standardise:
        steps.append("standardised")
    left_out = int(series.scrubbed.sum())
    steps.append(f"{left_out} of {len(series.scrubbed)} volumes left out" if left_out else "no volume left out")
    return f"Signals: {', '.join(steps)}."


def tell_atlas() -> str:
    """Say how the atlas itself comes to stand in the place of the approximate regions."""
    return (
        "Put the image of 100 parcels and 7 networks (FSLMNI152, 2 mm or 1 mm), under the name it is published with, "
        f"into {atlas_folder()}, or name the file in the environment variable {ATLAS_VARIABLE}, and open the fMRI "
        "again. "
        "What nilearn's fetch_atlas_schaefer_2018(n_rois=100) has downloaded is found by itself. "
        "Until then regions are approximate."
    )
