"""An fMRI run opened beside an EEG recording: its volumes, their place in time and brain, the regions' signals."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import RepetitionTimeError
from inference.imaging.alignment import Alignment, align
from inference.imaging.atlas import APPROXIMATE_NOTE, Atlas, labels_on_grid
from inference.imaging.atlas_file import find_atlas
from inference.imaging.bids import find_bold, is_image, split_name
from inference.imaging.confounds import find_confounds, read_confounds
from inference.imaging.roi_series import CleaningOptions, RegionMeans, RoiSeries, clean_series, region_means
from inference.imaging.space import Placement, place
from inference.imaging.volumes import Volumes, open_volumes
from inference.imaging.voxels import VoxelStatistics, voxel_statistics
from inference.recordings.recording import Recording

#: Told how far the opening is: a sentence, and a fraction from 0 to 1.
Report = Callable[[str, float], None]

#: The files that are named when an EEG recording in BIDS is opened.
_RECORDINGS: Final = (".vhdr", ".edf", ".bdf", ".set")
#: Where recordings lie below the folder of a data set, a subject or a session.
_DEPTHS: Final = ("*", "eeg/*", "*/eeg/*", "*/*/eeg/*")


@dataclass(frozen=True, slots=True)
class FmriOptions:
    """What a user may set; None leaves it to the files.

    ``tr_s`` and ``offset_s`` are the TR and the start of the first volume by hand; ``atlas`` and ``registration``
    files of the user's; ``cache_folder`` where compressed images are unpacked.
    """

    tr_s: float | None = None
    offset_s: float | None = None
    atlas: Path | None = None
    registration: Path | None = None
    cache_folder: Path | None = None
    cleaning: CleaningOptions = field(default_factory=CleaningOptions)


@dataclass(frozen=True, slots=True, eq=False)
class FmriStudy:
    """A run that is ready to be shown.

    Attributes
    ----------
    volumes : the run, read lazily.
    statistics : mean and spread of every voxel.
    alignment : where its volumes lie on the clock of the recording, or on its own where there is none.
    placement : where it lies in MNI space.
    atlas : whose regions are named.
    labels : (x, y, z) int16 on the run's own grid, 0 or the label of a parcel; None where the placement is not
        trusted, for then no region may be named.
    series : the regions' signals, None where there are no labels.
    notes : what has to be said wherever regions are shown: how the image was placed, and that regions are approximate.
    problems : sentences about what is odd, missing or could not be done.
    """

    volumes: Volumes
    statistics: VoxelStatistics
    alignment: Alignment
    placement: Placement
    atlas: Atlas
    labels: NDArray[np.int16] | None
    series: RoiSeries | None
    notes: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def to_mni(self) -> NDArray[np.float64]:
        """(4, 4) from voxel to mm in MNI space; to be trusted as far as the placement is."""
        return self.placement.to_mni


def find_studies(folder: Path) -> tuple[tuple[Path, Path], ...]:
    """Find the recordings below a folder that have an fMRI run, each with the run that fits it best.

    The folder may be a BIDS data set, a subject or a session of it, or any folder in which a recording and an image
    lie side by side.
    """
    recordings = [
        path
        for pattern in _DEPTHS
        for path in sorted(folder.glob(pattern))
        if path.suffix.lower() in _RECORDINGS and not path.name.startswith(".")
    ]
    pairs = [(path, images[0]) for path in recordings if (images := find_bold(path))]
    if pairs:
        return tuple(pairs)
    images = tuple(path for path in sorted(folder.glob("*")) if is_image(path))
    beside = [path for path in recordings if path.parent == folder and split_name(path)[1] != "eeg"]
    return ((beside[0], images[0]),) if len(beside) == len(images) == 1 else ()


def open_fmri(
    recording: Recording | None,
    path: Path | None = None,
    options: FmriOptions | None = None,
    report: Report = lambda sentence, fraction: None,
) -> FmriStudy | None:
    """Open the fMRI that belongs to a recording; None where none is named and none is found beside it.

    Reads the run twice, one volume at a time; takes seconds and belongs in a thread of its own.

    Parameters
    ----------
    recording : None to show a run by itself, on a clock that begins with its first volume.
    path : the run, None to look for it beside the recording.

    Raises
    ------
    ImagingError
        The run, or a registration that was named, cannot be used; `RepetitionTimeError` where nothing tells the TR.
    """
    options = options or FmriOptions()
    problems: list[str] = []
    path = path or _find(recording, problems)
    if path is None:
        return None
    report("Opening the volumes", 0.0)
    volumes = open_volumes(path, cache_folder=options.cache_folder)
    if options.tr_s is not None:
        volumes = replace(volumes, tr_s=options.tr_s)
    alignment = _align(volumes, recording, options)
    report("Going through the volumes", 0.2)
    statistics = voxel_statistics(volumes)
    report("Finding the brain", 0.5)
    placement = place(volumes, statistics, options.registration)
    atlas, sentences = find_atlas(options.atlas)
    problems += [*volumes.problems, *alignment.problems, *sentences]
    notes = [placement.sentence]
    labels = series = None
    if placement.trusted:
        report("Averaging the regions", 0.7)
        notes += [APPROXIMATE_NOTE] if atlas.approximate else []
        labels = labels_on_grid(atlas, volumes.grid, placement.to_mni)
        labels.flags.writeable = False
        series = _clean(volumes, region_means(volumes, labels), alignment.tr_s, options.cleaning, problems)
    elif statistics.empty:
        problems.append(f"{len(statistics.empty)} of {volumes.n_volumes} volumes hold no numbers (NaN).")
    return FmriStudy(
        volumes, statistics, alignment, placement, atlas, labels, series, tuple(notes), tuple(dict.fromkeys(problems))
    )


def _find(recording: Recording | None, problems: list[str]) -> Path | None:
    found = () if recording is None else find_bold(recording.path)
    if len(found) > 1:
        others = ", ".join(path.name for path in found[1:4]) + (" ..." if len(found) > 4 else "")
        problems.append(f"Several fMRI runs fit this recording; {found[0].name} is shown, not {others}.")
    return found[0] if found else None


def _align(volumes: Volumes, recording: Recording | None, options: FmriOptions) -> Alignment:
    alignment = align(volumes, recording, offset_s=options.offset_s)
    if alignment is None:
        raise RepetitionTimeError(
            f"{volumes.path} cannot be placed in time: neither its header nor a sidecar tells the repetition time "
            "(TR), and there are no volume triggers. Set the TR by hand."
        )
    return alignment


def clean_again(study: FmriStudy, cleaning: CleaningOptions) -> FmriStudy:
    """Clean the regions' signals of an open run in another way; what was averaged once is not read again."""
    if study.series is None:
        return study
    problems: list[str] = []
    series = _clean(study.volumes, study.series.means, study.alignment.tr_s, cleaning, problems)
    others = [problem for problem in study.problems if problem not in study.series.problems]
    return replace(study, series=series, problems=tuple(dict.fromkeys([*others, *problems])))


def _clean(
    volumes: Volumes, means: RegionMeans, tr_s: float, cleaning: CleaningOptions, problems: list[str]
) -> RoiSeries:
    confounds = None
    table = find_confounds(volumes.path)
    if table is not None:
        confounds, sentences = read_confounds(table, volumes.n_volumes)
        problems += sentences
    series = clean_series(means, tr_s, cleaning, confounds)
    problems += series.problems
    return series
