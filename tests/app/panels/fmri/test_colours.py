"""The colours of the map are even, tell up from down to every eye, and leave out what is below the threshold."""

import numpy as np
import pytest

from app.panels.fmri.colours import NOTHING, Scale, colour_index, colour_table, diverging, to_oklab

#: Linear RGB as seen without the cones for red, and without those for green (Viénot et al. 1999).
WITHOUT_RED = np.array([[0.1124, 0.8876, 0.0], [0.1124, 0.8876, 0.0], [0.0040, -0.0040, 1.0]])
WITHOUT_GREEN = np.array([[0.2928, 0.7072, 0.0], [0.2928, 0.7072, 0.0], [-0.0223, 0.0223, 1.0]])


@pytest.mark.parametrize("dark", [False, True])
def test_steps_of_equal_size_look_equally_large_on_either_side(dark):
    # Every sixth colour: finer steps would measure the rounding to 8 bits, and corners of the way are cut a little.
    coarse = to_oklab(diverging(dark=dark)[::6])
    steps = np.linalg.norm(np.diff(coarse, axis=0), axis=1)
    half = len(steps) // 2
    for side in (steps[:half], steps[half:]):
        assert side.max() / side.min() < 1.5


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("eye", [np.eye(3), WITHOUT_RED, WITHOUT_GREEN])
def test_up_and_down_stay_apart_for_colour_blind_readers(dark, eye):
    colours = diverging(dark=dark).astype(float)
    linear = (colours / 255) ** 2.2 @ eye.T
    seen = np.rint(255 * np.clip(linear, 0, 1) ** (1 / 2.2)).astype(int)
    places = to_oklab(seen)
    apart = np.linalg.norm(places - places[::-1], axis=1)
    assert apart[:90].min() > 0.09


def test_below_the_threshold_and_without_a_value_nothing_is_coloured():
    scale = Scale(4.0, 1.5)
    table = colour_table(scale, dark=False)
    alpha = table[colour_index(np.array([-4.0, -1.6, -1.0, 0.0, 1.4, 1.6, 9.0, np.nan]), scale)] >> 24
    assert (alpha > 0).tolist() == [True, True, False, False, False, True, True, False]
    assert table[NOTHING] == 0


def test_beyond_the_range_the_colour_is_that_of_its_end():
    scale = Scale(2.0, 0.0)
    index = colour_index(np.array([-50.0, -2.0, 2.0, 50.0, np.inf]), scale)
    assert index[0] == index[1] == 0
    assert index[2] == index[3] == 254
    assert index[4] == NOTHING
