"""Electrodes lie on the drawn head where they lie on a real one, and a map says nothing that was not measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.panels.head.places import (
    FEWEST_FOR_MAP,
    map_values,
    map_weights,
    named_sites,
    project,
    scale_between,
    scale_from_zero,
    sites_of_channels,
)
from inference.recordings.electrodes import IFCN_ELECTRODES
from inference.recordings.recording import Channel, ChannelKind

TEN_TWENTY = ("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8", "P7", "P3", "Pz", "P4", "P8")


def place(name: str) -> tuple[float, float]:
    return project(named_sites([name])[0].vector)


def vectors(names):
    return tuple(site.vector for site in named_sites(names))


def eeg(name: str, electrode: str | None) -> Channel:
    return Channel(name, ChannelKind.EEG, "uV", 256.0, electrode)


@pytest.mark.parametrize("left, right", [("Fp1", "Fp2"), ("F7", "F8"), ("T7", "T8"), ("C3", "C4"), ("O1", "O2")])
def test_odd_electrodes_lie_on_the_left_and_even_ones_mirror_them(left: str, right: str):
    assert place(left)[0] < 0 < place(right)[0]
    assert place(left) == pytest.approx((-place(right)[0], place(right)[1]), abs=0.05)


def test_the_nose_is_up_and_the_vertex_in_the_middle():
    heights = [place(name)[1] for name in ("Fp1", "F3", "C3", "P3", "O1")]
    assert heights == sorted(heights, reverse=True)
    assert np.hypot(*place("Cz")) < 0.1


def test_the_ring_of_the_ten_twenty_system_lies_at_the_rim_and_the_row_below_it_outside():
    assert all(0.8 < np.hypot(*place(name)) <= 1.0 for name in ("Fp1", "F7", "T7", "P7", "O1"))
    assert all(np.hypot(*place(name)) > 1.0 for name in ("F9", "T9", "P10"))


def test_a_bipolar_channel_lies_between_its_electrodes():
    site = sites_of_channels([eeg("EEG Fp1-F7", None)])[0]
    x, y = project(site.vector)
    assert site.ends == ("Fp1", "F7")
    assert place("F7")[0] < x < place("Fp1")[0]
    assert place("F7")[1] < y < place("Fp1")[1]


def test_channels_of_one_electrode_keep_the_names_that_tell_them_apart_and_depth_electrodes_have_no_place():
    sites = sites_of_channels([eeg("C4", "C4"), eeg("C4-M1", "C4"), eeg("EEG C3-Ref", "C3"), eeg("LA 3", None)])
    assert [site.name for site in sites] == ["C4", "C4-M1", "C3", "LA 3"]
    assert [site.electrode for site in sites[:3]] == ["C4", "C4", "C3"]
    assert sites[3].vector is None


def test_fewer_electrodes_than_a_map_needs_make_none():
    assert map_weights(vectors(TEN_TWENTY[: FEWEST_FOR_MAP - 1])) is None
    assert map_weights(vectors(TEN_TWENTY[:FEWEST_FOR_MAP])) is not None


def test_a_map_stays_bare_far_from_every_electrode():
    front = map_weights(vectors(("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8")))
    values = map_values(front, np.ones(7))
    assert np.isfinite(values[: values.shape[0] // 4]).any()
    assert np.isnan(values[-values.shape[0] // 4 :]).all()


@given(st.lists(st.floats(0, 1, width=32), min_size=25, max_size=25))
def test_a_map_never_shows_more_or_less_than_any_electrode(values: list[float]):
    measured = np.array(values, np.float32)
    shown = map_values(map_weights(vectors(IFCN_ELECTRODES)), measured)
    assert np.nanmin(shown) >= measured.min()
    assert np.nanmax(shown) <= measured.max()


def test_a_map_is_highest_at_the_electrode_that_is():
    names = list(TEN_TWENTY)
    measured = np.zeros(len(names))
    measured[names.index("T8")] = 1.0
    shown = map_values(map_weights(vectors(names)), measured)
    row, column = np.unravel_index(np.nanargmax(shown), shown.shape)
    n = shown.shape[0]
    x, y = (column + 0.5) / n * 2 - 1, 1 - (row + 0.5) / n * 2
    assert (x, y) == pytest.approx(place("T8"), abs=0.12)


def test_scales_hold_all_values_and_end_at_round_numbers():
    assert scale_from_zero(np.array([0.13, np.nan])) == (0.0, 0.2)
    assert scale_from_zero(np.array([np.nan])) == (0.0, 0.001)
    assert scale_between(np.array([0.47, 0.52])) == pytest.approx((0.45, 0.55))
    assert scale_between(np.array([np.nan])) == (0.0, 1.0)
