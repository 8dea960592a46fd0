"""Relevance is painted behind the ink: the paper takes its colour, the traces do not."""

import numpy as np
import pytest
from PySide6.QtGui import QColor

from app.traces import palette as palettes
from app.traces.relevance import RelevanceLayer
from app.traces.view import TraceView
from inference.recordings.recording import ChannelKind
from inference.signals.montages import Derivation
from tests.app.traces.conftest import PLAIN, make_recording, picture

N_FRAMES = 8


def layer(**by_channel: float) -> RelevanceLayer:
    """Relevance that is the same over the two seconds from the second on, by the number of the channel."""
    values = {int(name[2:]): np.full(N_FRAMES, value, np.float32) for name, value in by_channel.items()}
    return RelevanceLayer(values, 2.0, 2.0, 1.0, "Log odds of spasm, by occlusion", "in 250 ms", "Network 1.0.0", 1.0)


@pytest.fixture(params=[palettes.LIGHT, palettes.DARK], ids=["light", "dark"])
def flat(view: TraceView, request: pytest.FixtureRequest) -> TraceView:
    """Four channels with nothing on them but a spike in the middle of the relevance."""
    signals = [np.zeros(256 * 20, np.float32) for _ in range(4)]
    for signal in signals:
        signal[3 * 256 : 3 * 256 + 3] = 150.0
    view.set_palette(request.param)
    view.set_recording(make_recording(signals))
    view.set_display(PLAIN)
    return view


def at(view: TraceView, pixels: np.ndarray, row: int, time_s: float) -> QColor:
    page = view.page
    y = page.top + view._rows[row].centre_px + view._rows[row].height_px / 4
    return QColor(*(int(part) for part in pixels[round(y), round(page.x_of(time_s))]))


def test_what_speaks_for_is_vermilion_what_speaks_against_is_blue_and_the_rest_is_paper(flat: TraceView):
    before = picture(flat)
    flat.set_relevance(layer(ch0=1.0, ch1=-1.0, ch2=0.0))
    after = picture(flat)
    towards, against, nothing = (at(flat, after, row, 2.6) for row in range(3))
    assert towards.red() > towards.blue() + 40
    assert against.blue() > against.red() + 40
    assert nothing == at(flat, before, 2, 2.6)
    # The fourth channel is one that the network did not see.
    assert at(flat, after, 3, 2.6) == at(flat, before, 3, 2.6)
    assert at(flat, after, 0, 5.0) == at(flat, before, 0, 5.0)


def test_the_ink_stays_as_readable_as_it_was(flat: TraceView):
    page = flat.page
    y = round(page.top + flat._rows[0].centre_px)
    x = round(page.x_of(2.5))
    flat.set_relevance(layer(ch0=1.0))
    pixels = picture(flat)
    ink = min if flat._colours is palettes.LIGHT else max
    column = pixels[y - 3 : y + 4, x].astype(int).sum(axis=1)
    paper = int(np.median(column))
    assert abs(paper - int(ink(column))) > 200


def test_opacity_fades_it_to_nothing(flat: TraceView):
    before = picture(flat)
    flat.set_relevance(layer(ch0=1.0).faded(0.0))
    assert at(flat, picture(flat), 0, 2.6) == at(flat, before, 0, 2.6)


def test_no_relevance_leaves_the_page_as_it_was(flat: TraceView):
    before = picture(flat)
    flat.set_relevance(layer(ch0=1.0))
    picture(flat)
    flat.set_relevance(None)
    assert np.array_equal(picture(flat), before)


def test_the_legend_names_both_signs_where_the_relevance_is_not(flat: TraceView):
    before = picture(flat)
    flat.set_relevance(layer(ch0=0.0))
    changed = np.argwhere((picture(flat) != before).any(axis=2))
    page = flat.page
    beyond = changed[(changed[:, 1] < page.x_of(1.9)) | (changed[:, 1] > page.x_of(4.1))]
    assert len(beyond) > 500
    assert beyond[:, 0].max() < page.bottom
    flat.go_to(10.0)
    elsewhere = picture(flat)
    flat.set_relevance(None)
    assert np.array_equal(picture(flat), elsewhere)


def test_a_bipolar_trace_shows_the_mean_of_its_electrodes_and_an_average_its_own():
    painted = layer(ch0=1.0, ch1=-0.5, ch2=0.25)
    bipolar = Derivation("a-b", ChannelKind.EEG, ((0, 1.0), (1, -1.0)), 256.0)
    average = Derivation("c-Avg", ChannelKind.EEG, ((2, 0.75), (0, -0.25), (1, -0.25)), 256.0)
    unseen = Derivation("d", ChannelKind.EEG, ((9, 1.0),), 256.0)
    assert painted.of_trace(bipolar).tolist() == [0.25] * N_FRAMES
    assert painted.of_trace(average).tolist() == [0.25] * N_FRAMES
    assert painted.of_trace(unseen) is None
