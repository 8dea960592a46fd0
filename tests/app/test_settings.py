"""Settings survive a restart, and what is damaged in them does no harm."""

from pathlib import Path

from PySide6.QtCore import QSettings

from app.settings import MAX_RECENT, Settings
from app.steps import CONTROLS, INFANT_DISPLAY, display_from_fields, display_to_fields
from inference.recordings.recording import ChannelKind


def test_what_was_chosen_is_there_after_a_restart(tmp_path: Path):
    first = Settings.in_file(tmp_path / "s.ini")
    first.theme, first.auto_advance = "dark", False
    first.set_channel_kinds("abc", {"F": ChannelKind.EMG})
    first.store.sync()
    second = Settings.in_file(tmp_path / "s.ini")
    assert (second.theme, second.auto_advance) == ("dark", False)
    assert second.channel_kinds("abc") == {"F": ChannelKind.EMG}


def test_recent_files_are_few_different_and_there(tmp_path: Path, settings: Settings):
    paths = [tmp_path / f"{n}.edf" for n in range(MAX_RECENT + 3)]
    for path in [*paths, paths[5]]:
        path.touch()
        settings.remember_file(path)
    paths[4].unlink()
    assert settings.recent_files[0] == paths[5]
    assert len(settings.recent_files) == len(set(settings.recent_files)) == MAX_RECENT - 1


def test_damaged_values_are_as_if_never_set(tmp_path: Path):
    store = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    store.setValue("files/recent", "{not json")
    store.setValue("view/display", '["a list"]')
    store.setValue("kinds/abc", '{"F": "teapot"}')
    settings = Settings(store)
    assert settings.recent_files == ()
    assert settings.display == {}
    assert settings.channel_kinds("abc") == {}


def test_the_view_survives_being_written_as_fields():
    display = INFANT_DISPLAY
    for control in CONTROLS:
        display = control.move(display, 1)
    assert display_from_fields(display_to_fields(display)) == display


def test_a_remembered_view_that_no_control_offers_is_left_out():
    assert display_from_fields({"eeg": 12.345, "montage": "upside-down", "lff": "x"}) == INFANT_DISPLAY


def test_stepping_the_filters_never_crosses_them():
    low = next(control for control in CONTROLS if control.control_id == "lff")
    high = next(control for control in CONTROLS if control.control_id == "hff")
    display = INFANT_DISPLAY
    for _ in range(20):
        display = high.move(low.move(display, 1), -1)
    assert display.eeg_filters.lff_hz < display.eeg_filters.hff_hz


def test_stepping_stops_at_the_ends_but_goes_round_where_the_values_are_names():
    for control in CONTROLS:
        display = INFANT_DISPLAY
        for _ in range(len(control.steps)):
            display = control.move(display, 1)
        assert (display == INFANT_DISPLAY) == control.wraps
