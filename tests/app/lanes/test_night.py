"""The lanes of a night draw what was scored and what a network says, each as what it is, and gaps as gaps."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.lanes.hypnodensity import HypnodensityLane
from app.lanes.hypnogram import HypnogramLane, hypnogram_height_px
from app.theme import DARK, LIGHT, Theme
from inference.labels.hypnograms import Hypnogram
from inference.labels.sleep_stages import AASM, INFANT, STAGE_SETS
from inference.recordings.recording import Gap

NIGHT_S = 960 * 30.0
STAGES = tuple(AASM.codes[i // 4 % 5] for i in range(960))
HALF = (*STAGES[:480], *("?",) * 480)


def show(lane, qtbot: QtBot, duration_s: float = NIGHT_S, gaps=()):
    qtbot.addWidget(lane)
    lane.resize(1100, lane.height())
    lane.set_margins(80, 20)
    lane.set_recording(duration_s, gaps)
    return lane


def column(lane, time_s: float) -> list[str]:
    picture = lane.grab().toImage()
    x = round(lane.axis.to_px(time_s) * picture.devicePixelRatio())
    return [picture.pixelColor(x, y).name() for y in range(picture.height())]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_each_stage_has_a_line_and_a_colour_of_its_own_and_rem_is_the_thick_one(theme: Theme, qtbot: QtBot):
    lane = show(HypnogramLane(theme), qtbot, 5 * 30.0)
    lane.set_stages(Hypnogram(AASM.codes), None)
    drawn = {code: column(lane, 30.0 * i + 15.0) for i, code in enumerate(AASM.codes)}
    rows = {code: [y for y, name in enumerate(drawn[code]) if name == theme.stage(code).name()] for code in AASM.codes}
    assert all(rows.values())
    order = sorted(AASM.codes, key=lambda code: rows[code][0])
    assert order == ["W", "R", "N1", "N2", "N3"]
    assert len(rows["R"]) > max(len(rows[code]) for code in AASM.codes if code != "R")


def test_stages_have_colours_that_differ_by_lightness_from_wake_to_deep_sleep():
    for theme in (LIGHT, DARK):
        ramp = [theme.stage(code).lightness() for code in ("N1", "N2", "N3")]
        assert ramp == sorted(ramp, reverse=not theme.dark) and len(set(ramp)) == 3


def test_a_prediction_is_fainter_than_what_a_person_scored(qtbot: QtBot):
    lane = show(HypnogramLane(LIGHT), qtbot, 60.0)
    lane.set_stages(Hypnogram(("N3", "?")), Hypnogram(("?", "N3")))
    solid, faint = column(lane, 15.0), column(lane, 45.0)
    deep = LIGHT.stage("N3").name()
    assert deep in solid and deep not in faint
    assert faint != column(show(HypnogramLane(LIGHT), qtbot, 60.0), 45.0)


def test_unscored_epochs_draw_nothing_and_gaps_are_hatched(qtbot: QtBot):
    lane = show(HypnogramLane(LIGHT), qtbot, 90.0, (Gap(60.0, 30.0),))
    lane.set_stages(Hypnogram(("W", "?", "?")), None)
    unscored = column(lane, 45.0)
    assert set(unscored) <= {LIGHT.paper.name(), LIGHT.grid.name(), LIGHT.line.name()}
    assert LIGHT.gap.name() in column(lane, 75.0)


def test_stages_of_every_set_fit_the_lane(qtbot: QtBot):
    lane = show(HypnogramLane(LIGHT), qtbot)
    for stage_set in STAGE_SETS:
        lane.set_stages(Hypnogram(stage_set.codes, stage_set=stage_set), Hypnogram(AASM.codes))
        assert lane.height() == hypnogram_height_px(len(stage_set.codes))
        lane.grab()
    assert lane._predicted.stage_set == INFANT


def test_probabilities_are_stacked_from_deep_sleep_at_the_bottom_to_wake_at_the_top(qtbot: QtBot):
    lane = show(HypnodensityLane(LIGHT), qtbot, 60.0)
    lane.set_page(-100.0, 10.0)
    probability = np.array([[0.5, 0, 0, 0.5, 0], [np.nan] * 5], np.float32)
    lane.set_probability(Hypnogram(("W", "?")), AASM.codes, probability, None)
    drawn, nothing = column(lane, 15.0), column(lane, 45.0)
    wake, deep = drawn[4], drawn[-5]
    assert wake != deep and wake not in (LIGHT.paper.name(), deep)
    assert drawn.count(wake) == pytest.approx(drawn.count(deep), abs=2)
    assert wake not in nothing and deep not in nothing


def test_the_share_of_each_modality_stands_below_where_the_network_weighed_them(qtbot: QtBot):
    lane = show(HypnodensityLane(LIGHT), qtbot, 60.0)
    plain = lane.height()
    probability = np.full((2, 5), 0.2, np.float32)
    lane.set_probability(Hypnogram(("W", "W")), AASM.codes, probability, np.array([1.0, 0.0], np.float32))
    assert lane.height() > plain
    assert column(lane, 15.0)[-5] != column(lane, 45.0)[-5]


def test_a_night_of_a_thousand_epochs_is_painted_once_and_then_only_shown(qtbot: QtBot):
    lane = show(HypnogramLane(LIGHT), qtbot)
    lane.set_stages(Hypnogram(HALF), Hypnogram(STAGES))
    lane.grab()
    picture = lane._picture
    for number in range(5):
        lane.set_page(30.0 * number, 30.0)
        lane.grab()
    assert lane._picture is picture
