import numpy as np
import pytest

from inference.explain.canvas import BAND_EDGES_HZ, FeatureCanvas, Part, SignalCanvas, fade, pass_band

RATE_HZ, N_SEGMENTS = 256.0, 8


def draw(*shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


@pytest.fixture(params=["signals", "features"])
def canvas(request):
    present = np.ones(5, dtype=np.float32)
    if request.param == "signals":
        window, background = draw((5, 1024), (5, 1024))
        return SignalCanvas({"eeg": window, "present": present}, {"eeg": background, "present": present}, RATE_HZ)
    window, background = draw((6, 5, 128), (6, 5, 1))
    background = np.broadcast_to(background, window.shape)
    bands = {"eeg": np.array([0, 0, 1, 2, 3, 4])}
    inputs = {"x": window, "present": present}, {"x": background, "present": present}
    return FeatureCanvas(*inputs, {"eeg": "x"}, bands, N_SEGMENTS)


def mix(canvas, part):
    """Give the mixture that a part makes, window and background."""
    name, _ = canvas.change(part)
    return canvas.stack([part])[name][0], canvas.window[name], canvas.background[name]


def test_with_all_of_it_replaced_a_window_is_the_background(canvas):
    mixture, _, background = mix(canvas, Part("eeg"))
    np.testing.assert_allclose(mixture, background, atol=1e-5)


def test_with_all_of_it_put_back_the_background_is_the_window(canvas):
    mixture, window, _ = mix(canvas, Part("eeg", alone=True))
    np.testing.assert_allclose(mixture, window, atol=1e-5)


def test_one_channel_is_replaced_and_the_others_stay(canvas):
    mixture, window, background = mix(canvas, Part("eeg", row=3))
    changed = np.delete(np.arange(5), 3)
    np.testing.assert_array_equal(mixture[..., changed, :], window[..., changed, :])
    np.testing.assert_allclose(mixture[..., 3, :], background[..., 3, :], atol=1e-5)


def test_time_outside_a_segment_stays(canvas):
    mixture, window, background = mix(canvas, Part("eeg", segment=2))
    n = window.shape[-1]
    middle, far = slice(5 * n // 16 - n // 64, 5 * n // 16 + n // 64), slice(n // 2, n)
    np.testing.assert_allclose(mixture[..., middle], background[..., middle], atol=1e-5)
    np.testing.assert_array_equal(mixture[..., far], window[..., far])


@pytest.mark.parametrize("what", ["row", "band", "segment"])
def test_the_changes_of_all_parts_of_a_kind_add_up_to_the_change_of_the_whole(canvas, what):
    count = {"row": 5, "band": len(BAND_EDGES_HZ["eeg"]) - 1, "segment": N_SEGMENTS}[what]
    changes = [canvas.change(Part("eeg", **{what: index}))[1] for index in range(count)]
    np.testing.assert_allclose(sum(changes), canvas.change(Part("eeg"))[1], atol=1e-5)


def test_what_tells_which_channels_are_present_never_changes(canvas):
    np.testing.assert_array_equal(canvas.stack([Part("eeg"), Part("eeg", row=0)])["present"], np.ones((2, 5)))


def test_a_band_holds_its_rhythm_and_no_other():
    time_s = np.arange(1024) / RATE_HZ
    signals = np.sin(2 * np.pi * np.array([[2.0], [10.0]]) * time_s).astype(np.float32)
    passed = pass_band(signals, 2, BAND_EDGES_HZ["eeg"], RATE_HZ)
    np.testing.assert_allclose(passed[1], signals[1], atol=0.05)
    np.testing.assert_allclose(passed[0], 0.0, atol=0.05)


def test_segments_fade_into_each_other():
    weight = fade(2, 1024, RATE_HZ)
    assert np.abs(np.diff(weight)).max() < 0.1
    assert weight.max() == pytest.approx(1.0)
