"""A table of agreement: how often one scorer's stage met the other's, the darker the more."""

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import GRID_PX, TINY_PX, Theme, ui_font, with_alpha
from inference.labels.sleep_agreement import SleepAgreement

_ROW_PX = 20
_LABEL_PX = 3 * GRID_PX
_KAPPA_PX = 5 * GRID_PX


class ConfusionTable(QWidget):
    """Rows are the first scorer's stages, columns the second's; the last column is each stage's own kappa."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._agreement: SleepAgreement | None = None
        self.setFont(ui_font(TINY_PX))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._theme = theme
        self.update()

    def set_agreement(self, agreement: SleepAgreement, first: str, second: str) -> None:
        """Show how two scorers agree."""
        self._agreement = agreement
        self.setAccessibleName(f"Epochs by stage: {first} in rows, {second} in columns")
        self.setToolTip(f"Epochs. Rows: {first}. Columns: {second}. κ: each stage against all others.")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Leave room for a row for each stage and the heading."""
        n_stages = 0 if self._agreement is None else len(self._agreement.codes)
        return QSize(_LABEL_PX + n_stages * 4 * GRID_PX + _KAPPA_PX, (n_stages + 1) * _ROW_PX)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint headings, cells and the kappa of each stage."""
        agreement = self._agreement
        if agreement is None:
            return
        codes = agreement.codes
        cell_px = (self.width() - _LABEL_PX - _KAPPA_PX) / len(codes)
        centre = Qt.AlignmentFlag.AlignCenter
        with QPainter(self) as painter:
            painter.setPen(self._theme.muted)
            for i, code in enumerate((*codes, "κ")):
                width = cell_px if i < len(codes) else _KAPPA_PX
                painter.drawText(QRectF(_LABEL_PX + i * cell_px, 0, width, _ROW_PX), centre, code)
            for i, code in enumerate(codes):
                top, in_row = (i + 1) * _ROW_PX, int(agreement.confusion[i].sum())
                painter.setPen(self._theme.muted)
                painter.drawText(QRectF(0, top, _LABEL_PX, _ROW_PX), centre, code)
                for j, count in enumerate(agreement.confusion[i].tolist()):
                    cell = QRectF(_LABEL_PX + j * cell_px, top, cell_px - 1, _ROW_PX - 1)
                    colour = self._theme.accepted if i == j else self._theme.spasm
                    painter.fillRect(cell, with_alpha(colour, 0.5 * count / in_row) if count else self._theme.grid)
                    painter.setPen(self._theme.ink if count else self._theme.faint)
                    painter.drawText(cell, centre, str(count))
                kappa = agreement.stage_kappa[code]
                painter.setPen(self._theme.ink)
                box = QRectF(self.width() - _KAPPA_PX, top, _KAPPA_PX, _ROW_PX)
                painter.drawText(box, centre, "–" if math.isnan(kappa) else f"{kappa:.2f}")
