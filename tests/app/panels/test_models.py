"""The models panel shows how far probabilities can be taken at their word."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.panels.models import ModelsPanel
from app.panels.reliability import ReliabilityPlot
from app.theme import DARK, LIGHT
from inference.runtime.calibration import RELIABILITY, describe_reliability, reliability_bins
from inference.runtime.package import ModelPackage
from inference.runtime.registry import PackageSurvey
from tests.inference.runtime.packages import make_burst_package


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return make_burst_package(tmp_path_factory.mktemp("models"))


def show(package: ModelPackage, calibration: dict, qtbot: QtBot) -> ModelsPanel:
    panel = ModelsPanel(LIGHT)
    qtbot.addWidget(panel)
    panel.resize(240, 700)
    card = replace(package.card, calibration=calibration)
    panel.show_models(PackageSurvey((replace(package, card=card),), ()), {}, ())
    panel.show()
    return panel


def test_a_card_with_a_curve_shows_it_in_both_themes(package: ModelPackage, qtbot: QtBot):
    rng = np.random.default_rng(0)
    stated = rng.random(2000)
    bins = reliability_bins(stated, rng.random(2000) < stated**2)
    panel = show(package, {RELIABILITY: {"spasm": describe_reliability(bins)}}, qtbot)
    pictures = []
    for theme in (LIGHT, DARK):
        panel.set_theme(theme)
        (plot,) = panel.widget().findChildren(ReliabilityPlot)
        assert "expected calibration error 0.1" in plot.accessibleName()
        pictures.append(plot.grab().toImage())
    assert pictures[0] != pictures[1]


def test_a_card_without_a_curve_tells_its_error(package: ModelPackage, qtbot: QtBot):
    panel = show(package, {"seizure_expected_calibration_error": 0.0112}, qtbot)
    assert "Calibration error, seizure: 0.011" in [label.text() for label in panel.widget().findChildren(QLabel)]


def test_a_curve_that_cannot_be_read_is_said_in_a_sentence(package: ModelPackage, qtbot: QtBot):
    panel = show(package, {RELIABILITY: "high"}, qtbot)
    assert any("cannot be read" in label.text() for label in panel.widget().findChildren(QLabel))
