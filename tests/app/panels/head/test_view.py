"""The head is painted as a reader takes it: left on the left, each electrode in the colour of its own value."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from app.panels.colour_bar import ColourScale
from app.panels.head.colours import Ramp, colour_of
from app.panels.head.places import Site, named_sites, sites_of_channels
from app.panels.head.view import HeadReading, HeadView
from app.theme import DARK, LIGHT, Theme
from inference.recordings.recording import Channel, ChannelKind

NAMES = ("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8", "P7", "P3", "Pz", "P4", "P8")
SCALE = ColourScale(Ramp.PROBABILITY, 0.0, 1.0, "probability")


def reading(values: dict[str, float], missing: tuple[str, ...] = ("O1", "O2")) -> HeadReading:
    numbers = np.array([values.get(name, 0.2) for name in NAMES], np.float32)
    return HeadReading(named_sites(NAMES), numbers, missing, SCALE)


def site(name: str) -> Site:
    return named_sites([name])[0]


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def head(request: pytest.FixtureRequest, qtbot: QtBot) -> Iterator[HeadView]:
    view = HeadView(request.param)
    qtbot.addWidget(view)
    view.resize(300, 320)
    view.show()
    return view


def colour_at(head: HeadView, point: QPointF) -> QColor:
    return head.grab().toImage().pixelColor(point.toPoint())


def is_like(colour: QColor, other: QColor, tolerance: int = 6) -> bool:
    pairs = zip(colour.getRgb()[:3], other.getRgb()[:3], strict=True)
    return all(abs(one - two) <= tolerance for one, two in pairs)


def test_left_is_left_and_the_nose_is_up(head: HeadView):
    head.set_reading(reading({}))
    assert head.point_of(site("T7")).x() < head.point_of(site("Cz")).x() < head.point_of(site("T8")).x()
    assert head.point_of(site("Fp1")).y() < head.point_of(site("Cz")).y() < head.point_of(site("O1")).y()


def test_the_highest_electrode_has_the_colour_of_its_value_and_its_mirror_image_has_not(head: HeadView):
    head.set_reading(reading({"C4": 0.9}))
    strong = colour_of(Ramp.PROBABILITY, 0.9, dark=head.theme.dark)
    assert is_like(colour_at(head, head.point_of(site("C4"))), strong)
    weak = colour_of(Ramp.PROBABILITY, 0.2, dark=head.theme.dark)
    assert is_like(colour_at(head, head.point_of(site("C3"))), weak)


def test_electrodes_that_were_not_recorded_are_hollow(head: HeadView):
    head.set_reading(reading({}))
    assert is_like(colour_at(head, head.point_of(site("O1"))), head.theme.paper)
    assert not is_like(colour_at(head, head.point_of(site("P3"))), head.theme.paper)


def test_an_electrode_in_a_gap_is_hollow_and_leaves_the_map_to_the_others(head: HeadView):
    head.set_reading(reading({"C4": float("nan"), "Cz": 0.8}))
    assert is_like(colour_at(head, head.point_of(site("C4"))), head.theme.paper)
    assert head.reading.leading[0] == NAMES.index("Cz")


def test_nothing_is_painted_beyond_what_the_electrodes_enclose(head: HeadView):
    head.set_reading(reading({"P7": 1.0, "P8": 1.0, "Pz": 1.0}))
    beyond = head.point_of(site("Oz")) + QPointF(0, -4)
    assert is_like(colour_at(head, beyond), head.theme.window)
    within = (head.point_of(site("Pz")) + head.point_of(site("Cz"))) / 2
    assert not is_like(colour_at(head, within), head.theme.window)


def test_the_three_highest_lead_and_those_without_a_value_never_do(head: HeadView):
    head.set_reading(reading({"T8": 0.9, "C4": 0.8, "F8": 0.7, "T7": float("nan")}))
    assert [NAMES[i] for i in head.reading.leading] == ["T8", "C4", "F8"]


def test_the_same_place_recorded_twice_is_one_place_of_the_map(head: HeadView):
    channels = [Channel(name, ChannelKind.EEG, "uV", 256.0, name.split("-")[0]) for name in (*NAMES, "C4-M1")]
    values = np.full(len(channels), 0.2, np.float32)
    head.set_reading(HeadReading(sites_of_channels(channels), values, (), SCALE))
    head.grab()
    assert is_like(colour_at(head, head.point_of(site("C4"))), colour_of(Ramp.PROBABILITY, 0.2, dark=head.theme.dark))


def test_a_bipolar_channel_has_its_colour_between_its_electrodes(head: HeadView):
    pairs = ("Fp1-F7", "F7-T7", "T7-P7", "Fp2-F8", "F8-T8", "T8-P8")
    channels = [Channel(name, ChannelKind.EEG, "uV", 256.0) for name in pairs]
    values = np.array([0.1, 0.1, 0.1, 0.1, 0.9, 0.1], np.float32)
    head.set_reading(HeadReading(sites_of_channels(channels), values, (), SCALE))
    between = (head.point_of(site("F8")) + head.point_of(site("T8"))) / 2
    dot = head.point_of(head.reading.sites[4])
    assert (dot - between).manhattanLength() < 12
    assert is_like(colour_at(head, dot), colour_of(Ramp.PROBABILITY, 0.9, dark=head.theme.dark))


def test_the_mouse_is_told_which_electrode_lies_under_it(head: HeadView, qtbot: QtBot):
    head.set_reading(reading({}))
    told = []
    head.hovered.connect(told.append)
    qtbot.mouseMove(head, head.point_of(site("C3")).toPoint())
    qtbot.mouseMove(head, head.point_of(site("O2")).toPoint())
    qtbot.mouseMove(head, QPoint(2, 2))
    assert told[-3:] == ["C3", "O2", ""]


def test_another_theme_repaints_the_map(head: HeadView, qtbot: QtBot):
    head.set_reading(reading({"C4": 0.9}))
    other: Theme = LIGHT if head.theme.dark else DARK
    head.set_theme(other)
    assert is_like(colour_at(head, head.point_of(site("C4"))), colour_of(Ramp.PROBABILITY, 0.9, dark=other.dark))
