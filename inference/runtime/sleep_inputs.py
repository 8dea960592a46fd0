"""From a recording to what the sleep-staging network sees: the one implementation that training and running share."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError, ModelPackageError
from inference.recordings.recording import Recording
from inference.runtime.cards import MontageInputs, SleepInputs
from inference.runtime.inputs import InputPreparer, plan_channels
from inference.runtime.reading import carry_on
from inference.signals.euclidean_alignment import align, fit_euclidean_alignment
from inference.signals.sleep_windows import gather_bold, gather_eeg, prepare_bold

#: A recording is aligned by at most so many of its epochs, spread evenly: two hours tell what a day would.
MAX_ALIGNMENT_EPOCHS: Final = 240


@dataclass(frozen=True, slots=True, eq=False)
class BoldSignals:
    """The mean BOLD signals of brain regions over a run that was recorded together with the EEG.

    Attributes
    ----------
    series : (volumes, regions) in any unit; NaN where a volume was left out or a region not covered.
    onset_s : start of the first volume, in seconds from the start of the recording.
    tr_s : seconds from volume to volume.
    """

    series: NDArray[np.floating]
    onset_s: float
    tr_s: float


class SleepPreparer:
    """Reads a recording's epochs as the staging network wants them: filtered, average-referenced and aligned.

    Making one reads epochs all over the recording to fit the alignment. What is given afterwards depends on the
    recording and the epoch alone, not on the order in which epochs are asked for.

    Parameters
    ----------
    recording, spec : what to read, and what it is to become. The scale ``"robust"`` leaves out the alignment.
    bold : the fMRI beside it, None where there is none.
    exclude : names of channels that are taken as not recorded.
    checkpoint : called between pieces of work; an exception that it raises ends the work.

    Attributes
    ----------
    plan : the channels in use.
    n_epochs : whole epochs in the recording, the first of which begins with it.

    Use one preparer from one thread at a time.

    Raises
    ------
    AnalysisError
        The EEG has no whole epoch without a gap, or the fMRI other regions than the network knows.
    ModelPackageError
        The network asks for a reference or a scale that this version does not know.
    """

    def __init__(
        self,
        recording: Recording,
        spec: SleepInputs,
        *,
        bold: BoldSignals | None = None,
        exclude: Collection[str] = (),
        checkpoint: Callable[[], None] = carry_on,
    ) -> None:
        if spec.scale not in {"euclidean", "robust"}:
            raise ModelPackageError(
                f"The network asks for the scale {spec.scale!r}, which this version of Spasmlens does not know."
            )
        self._spec = spec
        self.n_epochs = int(recording.duration_s / spec.epoch_s + 1e-9)
        montage = _describe_epoch(spec)
        plan = plan_channels(recording.channels, montage, exclude)
        self._eeg = InputPreparer(recording, plan, montage, checkpoint)
        self.plan = self._eeg.plan
        self._kept: dict[int, NDArray[np.float32]] = {}
        self._bold = None if bold is None else prepare_bold(bold.series, bold.onset_s, bold.tr_s, spec.tr_s)
        if self._bold is not None and self._bold.series.shape[1] != spec.n_regions:
            raise AnalysisError(
                f"The fMRI has {self._bold.series.shape[1]} regions where the network knows {spec.n_regions}."
            )
        self._alignment: NDArray[np.float64] | None = None
        if spec.scale == "euclidean" and self.has_eeg:
            self._alignment = self._fit_alignment()

    @property
    def has_eeg(self) -> bool:
        """Whether any electrode that the network knows was recorded."""
        return bool(self.plan.eeg_present.any())

    @property
    def has_bold(self) -> bool:
        """Whether there is fMRI."""
        return self._bold is not None

    def read_epochs(self, first: int, stop: int) -> NDArray[np.float32]:
        """Read epochs ``first`` up to, not including, ``stop``.

        Returns
        -------
        (epochs, electrodes, samples) aligned; an epoch with a gap is NaN throughout.

        Raises
        ------
        RecordingError
            The file can no longer be read.
        """
        wanted = range(first, stop)
        self._kept = {
            epoch: self._kept[epoch] if epoch in self._kept else self._read_aligned(epoch) for epoch in wanted
        }
        n_electrodes, n_samples = len(self._spec.eeg_electrodes), round(self._spec.epoch_s * self._spec.rate_hz)
        return np.array(list(self._kept.values()), dtype=np.float32).reshape(len(wanted), n_electrodes, n_samples)

    def gather(self, first: int, stop: int) -> dict[str, NDArray[np.float32]]:
        """Give the network's inputs by name for the epochs ``first`` up to, not including, ``stop``.

        Each window has the epoch before and the one after beside it, which are read for this. What is missing is 0
        there and not present.
        """
        low, high = max(0, first - 1), min(self.n_epochs, stop + 1)
        present = (self.plan.eeg_present > 0).tolist()
        indices = range(first - low, stop - low)
        eeg, eeg_present = gather_eeg(self.read_epochs(low, high), present, indices)
        n_windows = stop - first
        if self._bold is None:
            bold = np.zeros((n_windows, self._spec.n_regions, self._spec.n_volumes), np.float32)
            bold_present = np.zeros((n_windows, 1), np.float32)
        else:
            onsets_s = [epoch * self._spec.epoch_s for epoch in range(first, stop)]
            bold, bold_present = gather_bold(self._bold, onsets_s, self._spec.epoch_s, self._spec.n_volumes)
        return {
            "eeg": eeg,
            "eeg_present": eeg_present,
            "bold": np.ascontiguousarray(bold),
            "bold_present": bold_present,
        }

    def _fit_alignment(self) -> NDArray[np.float64]:
        chosen = np.unique(np.linspace(0, self.n_epochs - 1, min(self.n_epochs, MAX_ALIGNMENT_EPOCHS)).round())
        epochs = (self._read_plain(int(epoch)) for epoch in chosen)
        return fit_euclidean_alignment(epochs, (self.plan.eeg_present > 0).tolist())

    def _read_aligned(self, epoch: int) -> NDArray[np.float32]:
        plain = self._read_plain(epoch)
        return plain if self._alignment is None else align(plain, self._alignment)

    def _read_plain(self, epoch: int) -> NDArray[np.float32]:
        prepared = self._eeg.read(epoch * self._spec.epoch_s, self._spec.epoch_s)
        if prepared.valid.all():
            return prepared.eeg
        return np.full(prepared.eeg.shape, np.nan, dtype=np.float32)


def _describe_epoch(spec: SleepInputs) -> MontageInputs:
    """Describe one epoch of EEG before it is aligned."""
    return MontageInputs(
        eeg_electrodes=spec.eeg_electrodes,
        rate_hz=spec.rate_hz,
        window_s=spec.epoch_s,
        hop_s=spec.epoch_s,
        lff_hz=spec.lff_hz,
        hff_hz=spec.hff_hz,
        notch_hz=spec.notch_hz,
        reference=spec.reference,
    )
