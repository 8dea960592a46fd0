"""Signal quality on the page: a letter beside the label of a trace, and a line under the seconds that it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.times import elapsed_text
from app.traces.geometry import PageGeometry, Row
from app.traces.palette import TracePalette
from inference.signals.montages import Derivation
from inference.signals.quality import DISABLING, FAULT_NAMES, Fault, name_faults

#: Worst first: the letter beside a label is that of the first that is there.
LETTERS = {Fault.FLAT: "F", Fault.CLIPPED: "C", Fault.POP: "P", Fault.LINE: "H", Fault.MUSCLE: "M"}
_LETTER_PX = 11
#: A channel is a trace's own that has at least this share of the weight of the heaviest.
_OWN_SHARE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class TraceFaults:
    """What is wrong with channels: ``faults`` (channels, seconds) as `find_faults` gives them, 0 where not judged yet.

    ``row_of`` gives the row of each of the recording's channels that is judged, by its index.
    """

    row_of: Mapping[int, int]
    faults: NDArray[np.uint8]

    def of_trace(self, trace: Derivation, onset_s: float, end_s: float) -> tuple[int, NDArray[np.uint8]]:
        """Give the first second of a span, and what is wrong with a trace in it second by second."""
        first, stop = max(0, int(onset_s)), max(0, int(np.ceil(end_s)))
        span = self.faults[[self.row_of[index] for index in self.channels_of(trace)], first:stop]
        return first, np.bitwise_or.reduce(span, axis=0) & ~np.uint8(Fault.ABSENT)

    def channels_of(self, trace: Derivation) -> list[int]:
        """Give the judged channels that are a trace's own: not all those of an average."""
        most = max((abs(weight) for _, weight in trace.terms), default=0.0)
        return [i for i, weight in trace.terms if i in self.row_of and abs(weight) >= _OWN_SHARE * most]


def paint_faults(
    painter: QPainter,
    page: PageGeometry,
    lines: Sequence[tuple[Row, Derivation]],
    faults: TraceFaults,
    palette: TracePalette,
) -> None:
    """Mark what is wrong with the lines of the page: strongly what disables a trace, quietly hum and muscle."""
    font = painter.font()
    font.setPixelSize(_LETTER_PX)
    font.setBold(True)
    painter.setFont(font)
    for row, trace in lines:
        y = page.top + row.centre_px - page.scroll_px
        if not page.top < y < page.bottom:
            continue
        first, seconds = faults.of_trace(trace, page.position_s, page.end_s)
        worst = next((fault for fault in LETTERS if (seconds & fault).any()), None)
        if worst is None:
            continue
        painter.setPen(QColor(palette.unsure if worst & DISABLING else palette.muted))
        painter.drawText(QRectF(1, y - 9, 12, 18), int(Qt.AlignmentFlag.AlignCenter), LETTERS[worst])
        _paint_seconds(painter, page, y + row.height_px / 2, (first, seconds), palette)


def describe_faults(
    trace: Derivation, faults: TraceFaults, onset_s: float, end_s: float, names: Mapping[int, str]
) -> str:
    """Say what is wrong with the channels of a trace in a span, and when; empty where nothing is."""
    said = []
    for index in faults.channels_of(trace):
        alone = Derivation(names[index], trace.kind, ((index, 1.0),), trace.rate_hz)
        first, seconds = faults.of_trace(alone, onset_s, end_s)
        for fault in FAULT_NAMES:
            spans = ((first + start, first + stop) for start, stop in _runs((seconds & fault) > 0))
            times = [f"{elapsed_text(start, 0)} to {elapsed_text(stop, 0)}" for start, stop in spans]
            if times:
                said.append(f"{names[index]}: {name_faults(fault)}, {', '.join(times)}")
    return "\n".join(said)


def _paint_seconds(
    painter: QPainter, page: PageGeometry, y: float, span: tuple[int, NDArray[np.uint8]], palette: TracePalette
) -> None:
    first, seconds = span
    for mask, colour, style, width in (
        (DISABLING, palette.unsure, Qt.PenStyle.SolidLine, 2),
        (Fault.LINE | Fault.MUSCLE, palette.muted, Qt.PenStyle.DotLine, 1),
    ):
        painter.setPen(QPen(QColor(colour), width, style))
        for start, stop in _runs((seconds & mask) > 0):
            left = max(page.x_of(first + start), float(page.left))
            right = min(page.x_of(first + stop), float(page.right))
            if right > left:
                painter.drawLine(QPointF(left, y), QPointF(right, y))


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Give the stretches [start, stop) of true values."""
    runs = []
    at = 0
    for value, group in groupby(flags.tolist()):
        length = len(list(group))
        if value:
            runs.append((at, at + length))
        at += length
    return runs
