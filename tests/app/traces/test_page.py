import sys
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication

from app.traces.display import DisplaySettings
from app.traces.geometry import MIN_ROW_PX
from app.traces.marks import EventMark
from app.traces.palette import DARK
from app.traces.raster import TILE_COLUMNS
from inference.errors import RecordingError
from inference.recordings import open_recording
from inference.recordings.recording import ChannelKind, Gap
from inference.signals.filters import FilterSettings
from tests.app.traces.conftest import PLAIN, ink, make_recording, picture


def centre_row(view, number: int = 0) -> float:
    return view._rows[number].centre_px


@pytest.mark.parametrize(("uv_per_mm", "kind"), [(10.0, ChannelKind.EEG), (20.0, ChannelKind.EMG)])
def test_a_sine_is_as_high_as_its_sensitivity_says_and_negative_is_up(view, uv_per_mm, kind):
    times_s = np.arange(256 * 20) / 256
    view.set_display(replace(PLAIN, eeg_uv_per_mm=uv_per_mm, emg_uv_per_mm=uv_per_mm))
    # Twice as far down as up, so that a flipped trace would show.
    sine = np.sin(2 * np.pi * 0.5 * times_s)
    view.set_recording(make_recording([np.where(sine > 0, 200 * sine, 100 * sine)], kinds=[kind]))
    rows = np.flatnonzero(ink(picture(view), view).any(axis=1))
    pixels_per_uv = view.pixels_per_mm / uv_per_mm
    assert rows.min() == pytest.approx(centre_row(view) - 100 * pixels_per_uv, abs=1.0)
    assert rows.max() == pytest.approx(centre_row(view) + 200 * pixels_per_uv, abs=1.0)


def test_a_spike_stands_at_its_time_and_is_not_lost_on_a_long_page(view):
    signal = np.zeros(1024 * 300)
    signal[1024 * 120] = -400.0
    view.set_display(replace(PLAIN, page_s=300.0))
    view.set_recording(make_recording([signal], rate_hz=1024.0))
    marked = ink(picture(view), view)
    above = np.flatnonzero(marked[: int(centre_row(view)) - 20].any(axis=0))
    assert above.size
    assert above.mean() == pytest.approx(view.page.x_of(120.0) - view.page.left, abs=1.0)


def test_the_seams_of_tiles_cannot_be_seen(view, noise):
    view.set_display(replace(PLAIN, eeg_filters=FilterSettings(lff_hz=1.0, hff_hz=70.0)))
    view.set_recording(noise)
    whole = picture(view)
    # Moved by half a tile the same columns come from the middle of other tiles.
    page = view.page
    shift = TILE_COLUMNS // 2
    view.go_to(shift / page.columns_per_s)
    moved = picture(view)
    np.testing.assert_array_equal(
        whole[page.top : page.bottom, page.left + shift : page.right],
        moved[page.top : page.bottom, page.left : page.right - shift],
    )


def test_a_page_is_the_same_whichever_way_it_was_reached(view, noise):
    view.set_display(replace(PLAIN, eeg_filters=FilterSettings(lff_hz=1.0, hff_hz=70.0)))
    view.set_recording(noise)
    view.go_to(20.0)
    there = picture(view)
    view.go_to(40.0)
    picture(view)
    view.go_to(20.0)
    np.testing.assert_array_equal(picture(view), there)


def test_a_gap_is_drawn_as_a_gap(view):
    signal = 50 * np.sin(2 * np.pi * 8 * np.arange(256 * 20) / 256)
    view.set_display(PLAIN)
    view.set_recording(make_recording([signal], gaps=[Gap(4.0, 2.0)]))
    marked = ink(picture(view), view).any(axis=0)
    page = view.page
    inside = slice(round(page.x_of(4.0)) - page.left + 2, round(page.x_of(6.0)) - page.left - 2)
    outside = slice(round(page.x_of(1.0)) - page.left, round(page.x_of(3.9)) - page.left)
    # Only the text that tells the length of the gap is as dark as a trace.
    assert marked[outside].all()
    assert marked[inside].mean() < 0.7
    assert not marked[inside][:20].any()


def test_what_lies_beyond_the_recording_is_not_paper(view):
    view.set_display(replace(PLAIN, page_s=10.0))
    view.set_recording(make_recording([np.zeros(256 * 4)]))
    pixels = picture(view)
    page = view.page
    assert (pixels[page.bottom - 3, page.right - 50] == pixels[page.bottom - 3, page.right + 40]).all()


def test_each_trace_keeps_to_its_reach(view):
    huge = 1e6 * np.sin(2 * np.pi * 3 * np.arange(256 * 20) / 256)
    quiet = np.zeros(256 * 20)
    view.set_display(PLAIN)
    view.set_recording(make_recording([quiet] * 11 + [huge]))
    rows = np.flatnonzero(ink(picture(view), view)[:, 100:-100].sum(axis=1) > 200)
    assert rows.min() == pytest.approx(centre_row(view, 0), abs=2)
    crossing = ink(picture(view), view)[round(centre_row(view, 5)) + 4 : round(centre_row(view, 6)) - 4]
    assert not crossing.any()


def test_eeg_lies_on_top_and_emg_at_the_bottom_and_hidden_kinds_nowhere(view):
    kinds = [ChannelKind.EMG, ChannelKind.IMPEDANCE, ChannelKind.ECG, ChannelKind.EEG, ChannelKind.EOG]
    view.set_display(PLAIN)
    view.set_recording(make_recording([np.zeros(2560)] * 5, kinds=kinds))
    assert [row.kind for row in view._rows] == [ChannelKind.EEG, ChannelKind.EOG, ChannelKind.ECG, ChannelKind.EMG]


def test_more_channels_than_fit_stay_legible_and_can_be_reached(view):
    view.set_display(PLAIN)
    view.set_recording(make_recording([np.zeros(2560)] * 89))
    assert min(row.height_px for row in view._rows) >= MIN_ROW_PX
    view.scroll_rows(1e9)
    assert view._rows[-1].centre_px - view.page.scroll_px < view.page.bottom - view.page.top


def test_moving_stays_within_the_recording_and_tells_the_lanes(view, noise, qtbot):
    view.set_display(PLAIN)
    view.set_recording(noise)
    with qtbot.waitSignals([view.position_changed, view.page_changed]):
        view.page_forward()
    assert view.position_s == 10.0
    view.step_backward()
    assert view.position_s == 9.0
    view.go_to(1e9)
    assert view.position_s == 50.0
    view.go_to(-5.0)
    assert view.position_s == 0.0


def test_another_time_base_keeps_the_time_under_the_mouse_where_it_is(view, noise):
    view.set_display(PLAIN)
    view.set_recording(noise)
    view.go_to(20.0)
    before = view.page.x_of(25.0)
    view.change_page(-1, 25.0)
    assert view.page_s == 5.0
    assert view.page.x_of(25.0) == pytest.approx(before, abs=1.0)


def test_a_recording_that_can_no_longer_be_read_is_said_on_the_page(view, noise, qtbot, monkeypatch):
    def fail(*_):
        raise RecordingError("night.edf can no longer be read: it was removed.")

    monkeypatch.setattr(noise, "read", fail)
    with qtbot.waitSignal(view.failed) as failure:
        view.set_recording(noise)
    assert failure.args == ["night.edf can no longer be read: it was removed."]
    picture(view)


def test_an_empty_page_is_painted_without_a_recording(view):
    assert len(np.unique(picture(view).reshape(-1, 3), axis=0)) > 2


def test_the_dark_page_is_dark(view, noise):
    view.set_palette(DARK)
    view.set_recording(noise)
    assert picture(view).mean() < 80


def test_painting_400_times_loses_no_reference_to_none(view, noise):
    view.set_recording(noise)
    view.set_events([EventMark(f"e{n}", n, 0.5, "Epileptic-spasm", "spasm", "detection") for n in range(50)])
    view.show()
    picture(view)
    before = sys.getrefcount(None)
    for number in range(400):
        view.go_to(number * 0.1)
        view.repaint()
    QCoreApplication.processEvents()
    # Immortal since Python 3.12; before, a binding that drops a reference a call would have taken thousands.
    assert sys.getrefcount(None) > before - 400


def test_a_real_night_shows_brain_heart_breath_and_muscle(view, test_data):
    recording = open_recording(test_data / "psg" / "nox_a1_89ch.edf")
    view.resize(1366, 768)
    view.set_display(DisplaySettings(montage="recorded"))
    view.set_recording(recording)
    marked = ink(picture(view), view)
    shown = {row.label for row in view._rows}
    assert {"C3-M2", "E1-M2", "ECG", "Nasal Pressure", "Right Leg"} <= shown
    assert not {"C3 Impédance", "X Axis", "Light"} & shown
    assert marked.any(axis=0).mean() > 0.95
    assert isinstance(recording.start, datetime)
