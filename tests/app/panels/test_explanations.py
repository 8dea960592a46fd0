"""Attribution and scalogram show what a method found, with signs, units and what it does not tell."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.panels.attribution import AttributionPanel, Explanation
from app.panels.power.picture import PowerAxes, outline, resample, smooth
from app.panels.scalogram import PowerAnswer, ScalogramPanel
from app.panels.stand import Stand
from app.theme import DARK, LIGHT
from inference.explain.relevance import GRAD_CAM, MAMBA_LRP, OCCLUSION, Relevance
from inference.explain.scalogram import Scalogram
from inference.labels.detections import ModelReference
from inference.runtime.cards import ModelCard
from inference.runtime.registry import SHIPPED_FOLDER, survey_packages

METHODS = (OCCLUSION, MAMBA_LRP, GRAD_CAM)
NAMES = ("F3", "P4", "O1", "EMG Delt L")
EEG_HZ = np.geomspace(1.5, 70, 32)
EMG_HZ = np.geomspace(10, 100, 32)
TIME_S = 10 + (np.arange(128) + 0.5) / 32


@pytest.fixture(scope="module")
def card() -> ModelCard:
    packages = survey_packages(SHIPPED_FOLDER).packages
    return next(package.card for package in packages if package.card.name == "iess-fusionnet")


def make_relevance(method: str = MAMBA_LRP) -> Relevance:
    """P4 speaks for it at 2 Hz and O1 against it at 20 Hz, both around 12 s; the muscle speaks for it at 40 Hz."""
    eeg = np.zeros((3, 32, 128), np.float32)
    emg = np.zeros((1, 32, 128), np.float32)
    eeg[1, np.abs(EEG_HZ - 2).argmin(), 56:72] = 0.25
    eeg[2, np.abs(EEG_HZ - 20).argmin(), 56:72] = -0.125
    emg[0, np.abs(EMG_HZ - 40).argmin(), 56:72] = 0.0625
    return Relevance(
        model=ModelReference("iess-fusionnet", "1.1.0", "0"),
        method=method,
        target="log odds of spasm",
        onset_s=10.0,
        duration_s=4.0,
        channels=("EEG F3-Ref", "EEG P4-Ref", "EEG O1-Ref", "EMG Delt L"),
        time_s=TIME_S,
        by_channel=np.concatenate([eeg.sum(axis=1), emg.sum(axis=1)]),
        eeg_hz=EEG_HZ,
        eeg=eeg,
        emg_hz=EMG_HZ,
        emg=emg,
        score=3.25,
        gap=2e-7,
        problems=("F9: estimated from neighbours.",),
    )


def make_power() -> Scalogram:
    """A tone of 8 Hz on P4, in a recording that begins to be known at 10 s."""
    hz = np.geomspace(1.5, 100, 48)
    time_s = 9 + (np.arange(192) + 0.5) / 32
    log_power = np.full((4, 48, 192), -4.0, np.float32)
    log_power[1, np.abs(hz - 8).argmin()] = 4.0
    log_power[:, :, :32] = np.nan
    return Scalogram(("EEG F3-Ref", "EEG P4-Ref", "EEG O1-Ref", "EMG Delt L"), time_s, hz, log_power)


@pytest.fixture
def attribution(qtbot: QtBot, card: ModelCard) -> Iterator[AttributionPanel]:
    panel = AttributionPanel(LIGHT, METHODS, 0.7)
    qtbot.addWidget(panel)
    panel.resize(212, 460)
    panel.show_explanation(Explanation(make_relevance(), NAMES, card))
    panel.show()
    return panel


@pytest.fixture
def scalogram(qtbot: QtBot, card: ModelCard) -> Iterator[ScalogramPanel]:
    panel = ScalogramPanel(LIGHT)
    qtbot.addWidget(panel)
    panel.resize(260, 500)
    panel.show_answer(PowerAnswer(card, make_power(), make_relevance(), NAMES, (11.5, 12.5)))
    panel.show()
    return panel


def test_channels_are_ranked_by_what_they_add_with_their_signs(attribution: AttributionPanel):
    assert [(bar.label, bar.text) for bar in attribution.channels.bars] == [
        ("P4", "+4.00"),
        ("O1", "−2.00"),
        ("EMG Delt L", "+1.00"),
        ("F3", "+0.00"),
    ]


def test_bands_add_up_what_lies_in_them(attribution: AttributionPanel):
    bands = {bar.label: bar.value for bar in attribution.bands.bars}
    assert bands == pytest.approx({"Delta": 4.0, "Theta": 0.0, "Alpha": 0.0, "Beta": -2.0, "Gamma": 0.0})


def test_score_share_and_gap_are_told(attribution: AttributionPanel):
    assert attribution._heading.text() == "Log odds of spasm: +3.25"
    assert "4 s around 0:00:12.0" in attribution._under.text()
    assert "less than 0.01 % unexplained" in attribution._under.text()
    assert attribution.share.accessibleName() == "For it: EEG 80 %, EMG 20 %"
    assert attribution._notes.text() == "F9: estimated from neighbours."


def test_a_method_without_frequencies_or_a_sum_shows_neither(attribution: AttributionPanel, card: ModelCard):
    relevance = make_relevance(GRAD_CAM)
    flat = replace(relevance, eeg_hz=EEG_HZ[:0], eeg=relevance.eeg[:, :0], gap=float("nan"))
    attribution.show_explanation(Explanation(flat, NAMES, card))
    assert not attribution.bands.isVisible()
    assert "need not add up" in attribution._under.text()


def test_a_network_without_muscles_is_not_said_to_have_ignored_them(attribution: AttributionPanel, card: ModelCard):
    relevance = make_relevance()
    alone = replace(relevance, emg=relevance.emg[:0], by_channel=relevance.by_channel[:3])
    attribution.show_explanation(Explanation(alone, NAMES[:3], card))
    assert attribution.share.accessibleName() == "For it: the EEG; no EMG was seen"


def test_the_controls_say_what_was_chosen(attribution: AttributionPanel, qtbot: QtBot):
    with qtbot.waitSignal(attribution.painting_chosen) as painting:
        attribution._painting.click()
    with qtbot.waitSignal(attribution.opacity_chosen) as opacity:
        attribution._opacity.setValue(40)
    with qtbot.waitSignal(attribution.method_chosen) as method:
        attribution._methods.activated.emit(2)
    assert (painting.args, opacity.args, method.args) == ([True], [0.4], [GRAD_CAM])


def test_why_there_is_nothing_takes_the_place_of_the_numbers(attribution: AttributionPanel, scalogram: ScalogramPanel):
    for panel in (attribution, scalogram):
        panel.show_stand(Stand("MambaLRP is not available because torch is not installed."))
        assert panel.message.isVisible()
        assert "torch" in panel.message.sentence.text()
    assert scalogram.channel == ""


def test_the_scalogram_shows_the_strongest_channel_until_another_is_chosen(scalogram: ScalogramPanel):
    assert scalogram.channel == "P4"
    scalogram.choose_channel("O1")
    assert scalogram.channel == "O1"
    scalogram.choose_channel("no such channel")
    assert scalogram.channel == "P4"
    shown = []
    for _ in range(5):
        scalogram.next_channel()
        shown.append(scalogram.channel)
    assert shown == [*NAMES, "P4"]


def test_a_tone_lies_at_its_frequency_on_the_axis(scalogram: ScalogramPanel):
    view = scalogram.view
    axes = view.axes
    image = view._picture
    column = [image.pixelColor(image.width() // 2, y).lightness() for y in range(image.height())]
    assert axes.row_hz[int(np.argmin(column))] == pytest.approx(8.0, rel=0.1)
    assert axes.y_of(2) > axes.y_of(8) > axes.y_of(64)


def test_what_was_not_recorded_is_left_open(scalogram: ScalogramPanel):
    image = scalogram.view._picture
    assert image.pixelColor(2, image.height() // 2).alpha() == 0
    assert image.pixelColor(image.width() // 2, image.height() // 2).alpha() == 255


def test_lines_surround_what_spoke_for_it_where_and_when_it_did(scalogram: ScalogramPanel):
    view = scalogram.view
    image, axes = view._picture, view.axes
    orange = LIGHT.spasm.rgb()
    drawn = [(x, y) for x in range(image.width()) for y in range(image.height()) if image.pixel(x, y) == orange]
    assert drawn
    times_s = [axes.column_s[x] for x, _y in drawn]
    hz = [axes.row_hz[y] for _x, y in drawn]
    assert 11.5 < min(times_s) < 12.0 < max(times_s) < 12.5
    assert 1.5 < np.median(hz) < 2.8


def test_a_muscle_is_shown_in_the_band_that_the_network_is_shown(scalogram: ScalogramPanel, card: ModelCard):
    scalogram.choose_channel("EMG Delt L")
    axes = scalogram.view.axes
    assert card.inputs.emg_lff_hz <= axes.low_hz < 1.2 * card.inputs.emg_lff_hz
    assert axes.high_hz <= card.inputs.emg_hff_hz


def test_a_channel_that_hardly_mattered_has_no_lines(scalogram: ScalogramPanel):
    scalogram.choose_channel("F3")
    colours = {LIGHT.spasm.rgb(), LIGHT.accent.rgb()}
    image = scalogram.view._picture
    assert not any(image.pixel(x, y) in colours for x in range(image.width()) for y in range(image.height()))


def test_both_panels_repaint_in_the_dark(attribution: AttributionPanel, scalogram: ScalogramPanel):
    for panel in (attribution, scalogram):
        before = panel.grab().toImage()
        panel.set_theme(DARK)
        assert panel.grab().toImage() != before


def test_resampling_keeps_values_at_their_place_and_knows_nothing_beyond():
    hz, time_s = np.array([2.0, 4.0, 8.0]), np.array([1.0, 2.0, 3.0])
    values = np.arange(9.0).reshape(3, 3)
    axes = PowerAxes(0.5, 3.5, 2.0, 8.0, 3, 3)
    middle = resample(values, hz, time_s, axes)
    assert middle[1].tolist() == pytest.approx([3.0, 4.0, 5.0])
    assert np.isnan(resample(values, hz, time_s, PowerAxes(-2.0, 0.0, 2.0, 8.0, 3, 3))).all()


def test_smoothing_keeps_what_is_even_and_spreads_what_is_not():
    assert smooth(np.ones((5, 7)), 1.0, 2.0) == pytest.approx(np.ones((5, 7)))
    spike = np.zeros((5, 7))
    spike[2, 3] = 1.0
    assert 0 < smooth(spike, 1.0, 2.0)[2, 3] < 0.2
    assert smooth(spike, 0.1, 0.1) == pytest.approx(spike)


def test_an_outline_is_the_rim_of_what_reaches_the_level():
    values = np.zeros((7, 7))
    values[2:5, 2:5] = 1.0
    line = outline(values, 0.5)
    assert line.sum() == 8
    assert not line[3, 3]
