"""The hypnodensity lane: how probable a network holds each stage in every epoch, stacked, and what it looked at."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from app.lanes.night import NightLane
from app.theme import GRID_PX, Theme
from inference.labels.hypnograms import Hypnogram

HEIGHT_PX = 30
#: Below the stages, where there is fMRI beside the EEG: which of them the network went by.
_SHARE_PX = 12
#: A prediction is translucent.
_OPACITY = 0.72


class HypnodensityLane(NightLane):
    """Probabilities of the stages from the deepest sleep at the bottom to wake at the top.

    Where the network weighed EEG against fMRI, a strip below shows the share of the EEG, filled from the bottom.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, HEIGHT_PX)
        self._grid: Hypnogram | None = None
        self._codes: tuple[str, ...] = ()
        self._probability = np.zeros((0, 0), np.float32)
        self._share: NDArray[np.float32] | None = None
        self.setAccessibleName("Probability of each sleep stage over the whole recording")

    def set_probability(
        self,
        grid: Hypnogram | None,
        codes: tuple[str, ...],
        probability: NDArray[np.float32],
        share: NDArray[np.float32] | None,
    ) -> None:
        """Show the probabilities (epochs, stages) on a grid of epochs; NaN is nothing.

        ``share`` (epochs,) is that of the EEG, None where the network had no choice.
        """
        self._grid, self._codes, self._probability, self._share = grid, codes, probability, share
        self.setFixedHeight(HEIGHT_PX + (0 if share is None else _SHARE_PX))
        extra = "" if share is None else " The strip below is the share of the EEG, the rest is the fMRI's."
        self.setToolTip(f"Probability of each stage, as the network says; not clinically validated.{extra}")
        self.repaint_all()

    @property
    def _stages_px(self) -> int:
        return self.height() - (0 if self._share is None else _SHARE_PX) - 2

    def _paint_picture(self, painter: QPainter) -> None:
        axis = self.axis
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.setPen(self.theme.muted)
        painter.drawText(QRectF(2, 1, axis.left_px - GRID_PX - 2, self._stages_px), flags, "P(stage)")
        if self._share is not None:
            box = QRectF(2, self._stages_px, axis.left_px - GRID_PX - 2, _SHARE_PX + 2)
            painter.drawText(box, flags, "EEG : fMRI")
        if self._grid is None or not self._codes:
            return
        ratio = self.devicePixelRatioF()
        n_columns = round(axis.width_px * ratio)
        edges_s = axis.onset_s + (np.arange(n_columns) + 0.5) / n_columns * axis.duration_s
        epoch = np.floor((edges_s - self._grid.onset_s) / self._grid.epoch_s).astype(int)
        inside = (epoch >= 0) & (epoch < len(self._probability))
        probability = np.full((n_columns, len(self._codes)), np.nan, np.float32)
        probability[inside] = self._probability[epoch[inside]]
        painter.setOpacity(_OPACITY)
        target = QRectF(axis.left_px, 1, axis.width_px, self._stages_px)
        painter.drawImage(target, self._stack(probability, round(self._stages_px * ratio)))
        if self._share is not None:
            share = np.full(n_columns, np.nan, np.float32)
            share[inside] = self._share[epoch[inside]]
            target = QRectF(axis.left_px, self._stages_px + 2, axis.width_px, _SHARE_PX - 2)
            painter.drawImage(target, self._balance(share, round((_SHARE_PX - 2) * ratio)))
        painter.setOpacity(1.0)

    def _stack(self, probability: NDArray[np.float32], n_rows: int) -> QImage:
        """Colour every pixel by the stage that its height falls into."""
        asleep = {} if self._grid is None else {stage.code: stage.asleep for stage in self._grid.stage_set.stages}
        levels = [code for code in (() if self._grid is None else self._grid.stage_set.levels) if code in self._codes]
        upwards = [self._codes.index(code) for code in reversed(levels)]
        colours = [self.theme.stage(self._codes[i], asleep=asleep[self._codes[i]]).rgba() for i in upwards]
        tops = np.cumsum(probability[:, upwards], axis=1)
        heights = (n_rows - np.arange(n_rows) - 0.5) / n_rows
        level = (heights[:, None, None] > tops[None, :, :-1]).sum(axis=2)
        pixels = np.array(colours, np.uint32)[level]
        pixels[:, np.isnan(tops).any(axis=1)] = 0
        return _to_image(pixels)

    def _balance(self, share: NDArray[np.float32], n_rows: int) -> QImage:
        heights = (n_rows - np.arange(n_rows) - 0.5) / n_rows
        of_eeg = heights[:, None] < share[None, :]
        pixels = np.where(of_eeg, np.uint32(self.theme.eeg.rgba()), np.uint32(self.theme.pattern.rgba()))
        pixels[:, np.isnan(share)] = 0
        return _to_image(pixels)


def _to_image(pixels: NDArray[np.uint32]) -> QImage:
    rows = np.ascontiguousarray(pixels)
    height, width = rows.shape
    # A copy: the image would otherwise read the array after it is gone.
    return QImage(rows.data, width, height, 4 * width, QImage.Format.Format_ARGB32).copy()
