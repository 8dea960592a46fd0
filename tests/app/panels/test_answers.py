"""The docks of focus and syndrome follow the moment and say what is not known."""

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.panels.course import Course
from app.panels.focus import FocusPanel, HeadAnswer, HeadSource
from app.panels.head.colours import Ramp
from app.panels.head.places import named_sites
from app.panels.stand import Stand
from app.panels.syndrome import SyndromeAnswer, SyndromePanel
from app.theme import DARK, LIGHT
from inference.labels.syndromes import find_syndrome
from inference.runtime.cards import ModelCard
from inference.runtime.registry import SHIPPED_FOLDER, survey_packages

NAMES = ("F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2")
CODES = ("EIEE", "WEST", "CAE", "FS+", "BECT", "CSWS")


@pytest.fixture(scope="module")
def cards() -> dict[str, ModelCard]:
    return {package.card.name: package.card for package in survey_packages(SHIPPED_FOLDER).packages}


def course(n_columns: int, window_s: float = 20.0) -> Course:
    """Three moments ten seconds apart; at the last nothing is known; the column of the same number leads."""
    values = np.full((3, n_columns), 0.1, np.float32)
    values[0, 0], values[1, 1], values[2] = 0.8, 0.7, np.nan
    overall = np.full(n_columns, 0.2, np.float32)
    overall[2] = 0.5
    return Course(np.array([10.0, 20.0, 100.0]), values, overall, window_s)


@pytest.fixture
def focus(qtbot: QtBot, cards: dict[str, ModelCard]) -> Iterator[FocusPanel]:
    panel = FocusPanel(LIGHT)
    qtbot.addWidget(panel)
    panel.resize(212, 460)
    answer = HeadAnswer(
        cards["focus-localisation"],
        course(len(NAMES)),
        named_sites(NAMES),
        ("Cz",),
        Ramp.PROBABILITY,
        "probability",
        (0.0, 1.0),
        "No finding.",
    )
    panel.show_sources((HeadSource("Focus", answer), HeadSource("Weights", Stand("Not analysed yet. Press F5."))))
    panel.show()
    return panel


@pytest.fixture
def syndrome(qtbot: QtBot, cards: dict[str, ModelCard]) -> Iterator[SyndromePanel]:
    panel = SyndromePanel(LIGHT)
    qtbot.addWidget(panel)
    panel.resize(212, 460)
    panel.show_answer(SyndromeAnswer(cards["dsmn-ess"], course(len(CODES), 4.0), CODES))
    panel.show()
    return panel


def leading(panel: FocusPanel) -> str:
    return NAMES[panel.head.reading.leading[0]]


def test_the_head_follows_the_moment_and_names_the_channel_that_leads(focus: FocusPanel):
    focus.set_moment(11.0)
    assert leading(focus) == "F3"
    assert focus.ranking.bars[0].label == "F3"
    assert focus.ranking.bars[0].text == "0.80"
    focus.set_moment(19.0)
    assert leading(focus) == "F4"


def test_the_whole_recording_stays_wherever_the_cursor_goes(focus: FocusPanel):
    focus.show_whole(True)
    assert leading(focus) == "C3"
    focus.set_moment(19.0)
    assert leading(focus) == "C3"
    focus.show_whole(False)
    assert leading(focus) == "F4"


@pytest.mark.parametrize("moment_s", [60.0, 100.0])
def test_where_no_window_lies_nothing_leads(focus: FocusPanel, moment_s: float):
    focus.set_moment(moment_s)
    assert focus.head.reading.leading == ()
    assert focus.ranking.bars == ()
    focus.grab()


def test_a_source_that_is_not_there_says_why_and_the_other_stays(focus: FocusPanel):
    focus.set_moment(11.0)
    focus.choose_source(1)
    assert focus.message.isVisible()
    assert focus.message.sentence.text() == "Not analysed yet. Press F5."
    focus.choose_source(0)
    assert not focus.message.isVisible()
    assert leading(focus) == "F3"


def test_both_docks_name_the_network_its_version_and_what_it_learned_from(
    focus: FocusPanel, syndrome: SyndromePanel, cards: dict[str, ModelCard]
):
    for panel, name in ((focus, "focus-localisation"), (syndrome, "dsmn-ess")):
        assert panel.origin.name.text() == f"{cards[name].title} {cards[name].version}"
        assert panel.origin.warning.text() == "Trained on simulated data, not clinically validated"
        assert panel.origin.warning.isVisible()


def test_the_six_syndromes_have_the_names_of_the_ilae(syndrome: SyndromePanel):
    assert [one.short for one in syndrome.bars.syndromes] == ["EIDEE", "IESS", "CAE", "GEFS+", "SeLECTS", "D/EE-SWAS"]
    assert all(len(one.name) > len(one.short) for one in syndrome.bars.syndromes)
    assert find_syndrome("another").name == "another"


def test_the_bars_hold_the_whole_recording_and_the_marks_the_moment(syndrome: SyndromePanel):
    syndrome.set_moment(20.5)
    assert syndrome.bars.overall[2] == pytest.approx(0.5)
    assert syndrome.bars.here[1] == pytest.approx(0.7)
    syndrome.set_moment(50.0)
    assert np.isnan(syndrome.bars.here).all()
    assert syndrome.bars.overall[2] == pytest.approx(0.5)
    syndrome.grab()


def test_the_bars_of_the_syndromes_are_as_long_as_they_are_probable(syndrome: SyndromePanel):
    syndrome.set_moment(50.0)
    image = syndrome.bars.grab().toImage()
    accent = LIGHT.accent.rgb()
    lengths = [sum(image.pixel(x, y) == accent for x in range(image.width())) for y in range(0, image.height())]
    assert max(lengths) == pytest.approx(2.5 * min(length for length in lengths if length), rel=0.1)


def test_names_that_do_not_fit_are_broken_and_never_cut(syndrome: SyndromePanel):
    narrow = syndrome.bars.height()
    syndrome.resize(600, 460)
    syndrome.grab()
    assert syndrome.bars.height() < narrow


def test_a_network_that_is_still_at_it_shows_how_far_it_is(syndrome: SyndromePanel):
    syndrome.show_answer(Stand("Waiting for DSMN-ESS. Analysing 37 %.", 0.37))
    assert syndrome.message.bar.isVisible()
    assert syndrome.message.bar.value() == 370
    syndrome.show_answer(Stand("It failed.", is_failure=True))
    assert not syndrome.message.bar.isVisible()
    assert syndrome.message.sentence.property("role") == "error"


def test_both_docks_repaint_in_the_dark(focus: FocusPanel, syndrome: SyndromePanel):
    for panel in (focus, syndrome):
        before = panel.grab().toImage()
        panel.set_theme(DARK)
        assert panel.grab().toImage() != before
