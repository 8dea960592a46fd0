"""The ROI map shows the volume of the time it is given, names what is pressed, and says what cannot be shown."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from app.fmri.run import FmriPhase, FmriRun
from app.panels.fmri.colours import Scale
from app.panels.fmri.frames import FrameRequest, Mode, Source
from app.panels.roi_map import RoiMap
from app.theme import DARK, LIGHT
from inference.imaging.fmri_study import open_fmri
from tests.app.panels.fmri.runs import BRIGHT_VOLUME, LEFT_MM, N_VOLUMES, TR_S, bright_study
from tests.inference.imaging.images import write_run


@pytest.fixture
def panel(qtbot: QtBot):
    panel = RoiMap(LIGHT, 0.0, radiological=True)
    qtbot.addWidget(panel)
    panel.resize(368, 760)
    panel.show()
    yield panel
    panel.close_feed()


def settled(panel: RoiMap, qtbot: QtBot) -> RoiMap:
    qtbot.waitUntil(lambda: panel.feed.is_idle, timeout=5_000)
    return panel


def show(panel: RoiMap, qtbot: QtBot, study=None) -> FmriRun:
    run = FmriRun(panel)
    run.take(study or bright_study())
    panel.show_run(run)
    settled(panel, qtbot)
    return run


def point_of(panel: RoiMap, place_mm) -> QPoint:
    """Give where a place is seen on the axial picture."""
    frame, box = panel._frame, panel.slices.boxes()[2]
    plane = frame.pictures[2].plane
    column, row = plane.pixel(place_mm)
    x = box.left() + (column + 0.5) / plane.n_columns * box.width()
    return QPointF(x, box.top() + (row + 0.5) / plane.n_rows * box.height()).toPoint()


def test_the_map_shows_the_volume_that_lies_the_lag_after_the_time(panel: RoiMap, qtbot: QtBot):
    show(panel, qtbot)
    panel.set_time(BRIGHT_VOLUME * TR_S + 0.1)
    assert panel.volume == BRIGHT_VOLUME
    panel.controls._lag.setValue(2 * TR_S)
    assert settled(panel, qtbot).volume == BRIGHT_VOLUME + 2
    assert panel._frame.request.volume == BRIGHT_VOLUME + 2
    assert f"Volume {BRIGHT_VOLUME + 3} of {N_VOLUMES}" in panel._heading.text()


def test_outside_the_run_the_heading_says_so(panel: RoiMap, qtbot: QtBot):
    show(panel, qtbot)
    panel.set_time(N_VOLUMES * TR_S + 1)
    assert settled(panel, qtbot).volume is None
    assert panel._heading.text() == "Outside the run, which covers 0:00:00 to 0:01:36"


def test_pressing_a_region_chooses_it_and_shift_asks_for_a_lane_beside_the_others(panel: RoiMap, qtbot: QtBot):
    show(panel, qtbot)
    panel._move_cross(LEFT_MM)
    settled(panel, qtbot)
    label = panel.slices.spot_at(QPointF(point_of(panel, LEFT_MM))).region
    assert panel.study.atlas.parcels[label - 1].hemisphere == "left"
    for key, beside in ((Qt.KeyboardModifier.NoModifier, False), (Qt.KeyboardModifier.ShiftModifier, True)):
        with qtbot.waitSignal(panel.region_chosen) as told:
            qtbot.mousePress(panel.slices, Qt.MouseButton.LeftButton, key, point_of(panel, LEFT_MM))
        assert told.args == [label, beside]


def test_under_the_mouse_stand_region_network_coordinates_and_value(panel: RoiMap, qtbot: QtBot):
    show(panel, qtbot)
    panel.set_time(BRIGHT_VOLUME * TR_S)
    panel._move_cross(LEFT_MM)
    settled(panel, qtbot)
    qtbot.mouseMove(panel.slices, point_of(panel, LEFT_MM))
    panel._show_spot(panel.slices.spot_at(QPointF(point_of(panel, LEFT_MM))))
    text = panel._under.text()
    assert "LH_" in text and "(approximate)" in text and ", left" in text
    assert "MNI −3" in text and "z " in text


def test_the_foot_names_the_atlas_as_approximate_and_how_the_run_was_placed(panel: RoiMap, qtbot: QtBot):
    run = show(panel, qtbot)
    text = panel.foot.lines.text()
    assert "Schaefer 2018, 100 parcels (approximate)" in text
    assert "In MNI space: its header says so" in text
    assert "On its own clock" in text
    run.set_offset(1.25)
    panel.show_run(run)
    assert panel.foot.lines.text().startswith("Placed in time by hand: 1.250 s from where the files place it.")
    assert panel.controls._reset.isVisible()
    run.set_offset(None)
    panel.show_run(run)
    assert not panel.controls._reset.isVisible()


def test_of_many_times_asked_for_in_a_row_the_last_is_shown_and_most_others_are_not_rendered(
    panel: RoiMap, qtbot: QtBot
):
    show(panel, qtbot)
    rendered = []
    panel.feed.rendered.connect(rendered.append)
    for volume in range(10, 40):
        panel.set_time(volume * TR_S)
    settled(panel, qtbot)
    assert rendered[-1].request.volume == 39
    assert len(rendered) <= 3


def test_a_volume_that_was_shown_before_is_there_at_once(panel: RoiMap, qtbot: QtBot):
    show(panel, qtbot)
    panel.set_time(20.0)
    settled(panel, qtbot)
    panel.set_time(30.0)
    settled(panel, qtbot)
    panel.set_time(20.0)
    assert panel._frame.request.volume == 10


def test_every_layout_source_and_theme_can_be_drawn(panel: RoiMap, qtbot: QtBot):
    show(panel, qtbot)
    panel.select_region(12)
    pictures = set()
    for theme in (LIGHT, DARK):
        panel.set_theme(theme)
        for mode in Mode:
            panel.set_mode(mode)
            for source in (Source.REGIONS, Source.CONNECTIVITY):
                panel.set_source(source)
                settled(panel, qtbot)
                assert panel.mode is mode
                pictures.add(bytes(panel._views.grab().toImage().constBits()))
    assert len(pictures) == 2 * len(Mode) * 2


def test_the_matrix_names_the_region_and_the_time_of_a_cell(panel: RoiMap, qtbot: QtBot):
    show(panel, qtbot)
    panel.set_mode(Mode.REGIONS)
    settled(panel, qtbot)
    matrix = panel.matrix
    box = matrix._box
    spot = QPoint(round(box.left() + 10.5 / N_VOLUMES * box.width()), round(box.top() + box.height() - 2))
    regions, times = [], []
    matrix.region_chosen.connect(lambda label, _beside: regions.append(label))
    matrix.time_chosen.connect(times.append)
    qtbot.mousePress(matrix, Qt.MouseButton.LeftButton, pos=spot)
    assert [panel.study.atlas.parcels[label - 1].network for label in regions] == ["Default"]
    assert times == [10 * TR_S]
    assert "default mode" in matrix._describe(99, 10) and "0:00:20" in matrix._describe(99, 10)


def test_the_range_and_the_threshold_belong_to_what_is_shown(panel: RoiMap, qtbot: QtBot):
    show(panel, qtbot)
    panel.controls._limit.setValue(8.0)
    panel.controls._threshold.setValue(20.0)
    assert panel.controls.scale == Scale(8.0, 8.0)
    panel.set_source(Source.CONNECTIVITY)
    assert panel.controls.scale.limit == 1.0
    panel.set_source(Source.VOXELS)
    assert panel.controls.scale.limit == 8.0


def test_a_run_whose_place_is_not_trusted_shows_voxels_alone_and_offers_a_registration(
    panel: RoiMap, qtbot: QtBot, tmp_path: Path
):
    path = tmp_path / "noise.nii"
    write_run(path)
    study = open_fmri(None, path)
    assert study.labels is None
    show(panel, qtbot, study)
    assert panel.foot.registration.isVisible() and not panel.foot.cleaning.isEnabled()
    panel.set_source(Source.REGIONS)
    panel.set_mode(Mode.REGIONS)
    assert (panel.controls.source, panel.mode) == (Source.VOXELS, Mode.PLANES)
    assert len(settled(panel, qtbot)._frame.pictures) == 3
    assert not any(picture.labels.any() for picture in panel._frame.pictures)
    assert "No region is named" in panel.foot.lines.text()


def test_a_run_that_can_no_longer_be_read_is_one_sentence(panel: RoiMap, qtbot: QtBot, tmp_path: Path):
    study = bright_study()
    gone = replace(study, volumes=replace(study.volumes, voxels_path=tmp_path / "gone.nii"))
    show(panel, qtbot)
    request = FrameRequest(gone, Mode.PLANES, Source.VOXELS, 3, LEFT_MM, 0, Scale(4.0, 1.5), True, False)
    with qtbot.waitSignal(panel.feed.failed) as told:
        panel.feed.ask(request)
    assert "can no longer be read" in told.args[0] and "\n" not in told.args[0]


@pytest.mark.parametrize(
    ("phase", "sentence", "shown"),
    [
        (FmriPhase.NONE, "", "No fMRI lies beside this recording."),
        (FmriPhase.OPENING, "Averaging the regions", "Averaging the regions …"),
        (FmriPhase.FAILED, "x.nii cannot be used: it is cut off.", "x.nii cannot be used: it is cut off."),
    ],
)
def test_each_state_without_a_map_says_what_it_is(panel: RoiMap, qtbot: QtBot, phase, sentence, shown):
    run = FmriRun(QObject(panel))
    run.phase, run.sentence, run.fraction = phase, sentence, 0.7
    panel.show_run(run)
    assert panel.message.sentence.isVisible() and panel.message.sentence.text() == shown
    assert panel.message.bar.isVisible() == (phase is FmriPhase.OPENING)
    assert panel.message.open.isVisible() == (phase is not FmriPhase.OPENING)


def test_letters_for_left_and_right_swap_with_the_convention(panel: RoiMap, qtbot: QtBot):
    show(panel, qtbot)
    assert panel._frame.pictures[2].plane.edges.left == "R"
    qtbot.mouseClick(panel._side, Qt.MouseButton.LeftButton)
    assert settled(panel, qtbot)._frame.pictures[2].plane.edges.left == "L"
    assert panel._side.text() == "Neurological"


def test_scrubbed_volumes_are_named_and_have_no_value(panel: RoiMap, qtbot: QtBot):
    study = bright_study()
    scrubbed = np.zeros(N_VOLUMES, dtype=bool)
    scrubbed[5] = True
    values = study.series.values.copy()
    values[5] = np.nan
    moved = np.full(N_VOLUMES, 0.1)
    moved[5] = 1.4
    series = replace(study.series, values=values, scrubbed=scrubbed, displacement_mm=moved)
    show(panel, qtbot, replace(study, series=series))
    panel.set_time(5 * TR_S)
    panel.set_mode(Mode.REGIONS)
    settled(panel, qtbot)
    assert panel._heading.text().endswith("left out")
    assert "no value" in panel.matrix._describe(3, 5)
    assert not panel.matrix.grab().isNull()
