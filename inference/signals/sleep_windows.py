"""What the sleep-staging network is shown: three epochs of EEG, and the BOLD signals around the middle one.

One implementation for training and for running. Values that the source leaves open are named in
``inference.models.sleep_staging.PROJECT_CHOICES``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.signals.resampling import resample

#: TRs closer than this are the same: headers round them.
_SAME_TR_S: Final = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class BoldRun:
    """The BOLD signals of one run, standardised and on the network's TR.

    Attributes
    ----------
    series : (volumes, regions) float32, z-scored by region; 0 where there is no signal.
    onset_s : start of the first volume, in seconds from the start of the EEG.
    tr_s : seconds from volume to volume.
    """

    series: NDArray[np.float32]
    onset_s: float
    tr_s: float

    @property
    def end_s(self) -> float:
        """End of the last volume."""
        return self.onset_s + len(self.series) * self.tr_s


def prepare_bold(series: NDArray[np.floating], onset_s: float, tr_s: float, network_tr_s: float) -> BoldRun:
    """Bring the signals of a run to what the network was trained on.

    Parameters
    ----------
    series : (volumes, regions) in any unit; NaN where a volume was scrubbed or a region not covered.
    onset_s : start of the first volume, in seconds from the start of the EEG.
    tr_s, network_tr_s : the run's own TR, and the network's.
    """
    signals: NDArray[np.floating] = np.asarray(series, dtype=np.float64)
    if abs(tr_s - network_tr_s) > _SAME_TR_S:
        signals = resample(signals.T, 1 / tr_s, 1 / network_tr_s).T
        # A volume speaks for its middle; the middle of the first one stays where it is.
        onset_s += (tr_s - network_tr_s) / 2
        tr_s = network_tr_s
    known = np.isfinite(signals)
    n_known = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, signals, 0.0).sum(axis=0) / n_known
    centred = np.where(known, signals - mean, 0.0)
    sd = np.sqrt(np.square(centred).sum(axis=0) / n_known)
    # What is constant but for rounding has no signal.
    alive = sd > 1e-9 * np.abs(mean)
    scaled = np.divide(centred, sd, out=np.zeros_like(centred), where=alive)
    return BoldRun(scaled.astype(np.float32), onset_s, tr_s)


def gather_eeg(
    epochs: NDArray[np.floating], present: Sequence[bool], indices: Sequence[int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the network's EEG for some epochs: each with the one before and the one after.

    Parameters
    ----------
    epochs : (epochs, electrodes, samples) of a whole recording, aligned; an electrode with a gap (NaN) within an
        epoch counts as missing there.
    present : per electrode whether it was recorded.
    indices : the epochs to stage.

    Returns
    -------
    (windows, 3, electrodes, samples) and presence (windows, 3, electrodes); 0 where there is no signal, so too before
    the first epoch and after the last.
    """
    wanted = np.asarray(indices, dtype=np.int64)[:, None] + np.array([-1, 0, 1])
    exists = (wanted >= 0) & (wanted < len(epochs))
    windows = np.asarray(epochs[np.clip(wanted, 0, len(epochs) - 1)], dtype=np.float32)
    known = np.isfinite(windows).all(axis=-1) & np.asarray(present, dtype=bool) & exists[:, :, None]
    return np.where(known[..., None], windows, np.float32(0.0)), known.astype(np.float32)


def gather_bold(
    run: BoldRun, epoch_onsets_s: Sequence[float], epoch_s: float, n_volumes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the network's fMRI for some epochs: the volumes around the middle of each.

    Parameters
    ----------
    epoch_onsets_s, epoch_s : starts and length of the epochs to stage, in seconds from the start of the EEG.
    n_volumes : volumes in a context.

    Returns
    -------
    (windows, regions, volumes) and presence (windows, 1). The context is 0 outside the run; there is fMRI where the
    whole epoch lies within the run, to half a volume.
    """
    onsets_s = np.asarray(epoch_onsets_s, dtype=np.float64)
    first = np.rint((onsets_s + epoch_s / 2 - run.onset_s) / run.tr_s - n_volumes / 2).astype(np.int64)
    wanted = first[:, None] + np.arange(n_volumes)
    exists = (wanted >= 0) & (wanted < len(run.series))
    slack_s = run.tr_s / 2
    covered = (onsets_s >= run.onset_s - slack_s) & (onsets_s + epoch_s <= run.end_s + slack_s)
    volumes = run.series[np.clip(wanted, 0, len(run.series) - 1)]
    contexts = np.where((exists & covered[:, None])[..., None], volumes, np.float32(0.0))
    return contexts.transpose(0, 2, 1), covered.astype(np.float32)[:, None]
