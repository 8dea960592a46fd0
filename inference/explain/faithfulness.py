"""Whether an explanation names what the network truly looked at: parts taken out, or put back, in its order.

Source: Samek et al. 2017, arXiv 1509.06321, and Petsiuk et al. 2018, arXiv 1806.07421; what is taken out becomes the
recording's own background, never zero.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.explain.judge import Features, Judge
from inference.explain.relevance import Relevance

#: Parts are channels by half seconds, which every method can tell apart.
N_SEGMENTS: Final = 8
#: The shares of the parts at which a curve is taken.
SHARES: Final = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
_WINDOWS_AT_ONCE: Final = 9


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Log odds along `SHARES` of the parts, the most relevant first.

    Attributes
    ----------
    deletion : as they become background; a good explanation lets it fall at once.
    insertion : as they come back into the background; a good explanation lets it rise at once.
    """

    deletion: NDArray[np.float64]
    insertion: NDArray[np.float64]

    @property
    def deletion_area(self) -> float:
        """Mean height of the falling curve, where 1 is the whole window and 0 the background; the lower the better."""
        return self._area(self.deletion)

    @property
    def insertion_area(self) -> float:
        """Mean height of the rising curve in the same measure; the higher the better."""
        return self._area(self.insertion)

    def _area(self, curve: NDArray[np.float64]) -> float:
        whole, nothing = self.deletion[0], self.insertion[0]
        return float(np.trapezoid((curve - nothing) / (whole - nothing), SHARES))


def by_part(relevance: Relevance) -> NDArray[np.float64]:
    """Sum relevance over the half seconds of each channel, (channels, `N_SEGMENTS`)."""
    segment_s = relevance.duration_s / N_SEGMENTS
    segment = ((relevance.time_s - relevance.onset_s) / segment_s).astype(int)
    parts = np.zeros((len(relevance.channels), N_SEGMENTS))
    np.add.at(parts.T, segment, relevance.by_channel.T)
    return parts


def trace_curves(judge: Judge, window: Features, reference: Features, parts: NDArray[np.float64]) -> Curves:
    """Take parts of a window out, and put them back, in the order of their relevance.

    Parameters
    ----------
    window, reference : features of one window, and of the background.
    parts : (channels that are present, `N_SEGMENTS`), EEG before EMG.
    """
    order = np.argsort(-parts, axis=None, kind="stable")
    masks = np.zeros((len(SHARES), parts.size), dtype=np.float32)
    for row, share in enumerate(SHARES):
        masks[row, order[: round(share * parts.size)]] = 1.0
    chosen = torch.from_numpy(masks.reshape(len(SHARES), *parts.shape))
    return Curves(_ask(judge, window, reference, chosen), _ask(judge, reference, window, chosen))


@torch.no_grad()
def _ask(judge: Judge, before: Features, after: Features, chosen: Tensor) -> NDArray[np.float64]:
    """Give the log odds once chosen parts, (windows, channels, segments), have changed from one to the other."""
    answers = []
    for some in chosen.split(_WINDOWS_AT_ONCE):  # type: ignore[no-untyped-call]
        eeg_rows, emg_rows = (present[0].nonzero().squeeze(1) for present in judge.present)
        eeg = _mix(before.eeg, after.eeg, some[:, : len(eeg_rows)], eeg_rows)
        emg = _mix(before.emg, after.emg, some[:, len(eeg_rows) :], emg_rows)
        answers.append(judge.log_odds(Features(eeg, emg)))
    return np.asarray(torch.cat(answers).numpy(), dtype=np.float64)


def _mix(before: Tensor, after: Tensor, chosen: Tensor, rows: Tensor) -> Tensor:
    n_frames = before.shape[-1]
    change = torch.zeros(len(chosen), before.shape[2], n_frames)
    change[:, rows] = chosen.repeat_interleave(n_frames // N_SEGMENTS, dim=-1)
    return before + change[:, None] * (after - before)
