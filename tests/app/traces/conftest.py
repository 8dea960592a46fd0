import threading
from collections.abc import Sequence

import numpy as np
import pytest

from app.traces.display import DisplaySettings
from app.traces.view import TraceView
from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind, Gap
from inference.signals.filters import FilterSettings

UNFILTERED = FilterSettings()
PLAIN = DisplaySettings(montage="recorded", eeg_filters=UNFILTERED, emg_filters=UNFILTERED)


def make_recording(signals: Sequence[np.ndarray], rate_hz: float = 256.0, kinds=None, gaps: Sequence[Gap] = ()):
    kinds = kinds or [ChannelKind.EEG] * len(signals)
    channels = [Channel(f"ch{n}", kind, "uV", rate_hz) for n, kind in enumerate(kinds)]
    return ArrayRecording(channels, signals, gaps=gaps)


@pytest.fixture
def noise():
    random = np.random.default_rng(3)
    return make_recording([random.normal(size=256 * 60) * 40 for _ in range(6)])


@pytest.fixture
def view(qtbot):
    widget = TraceView()
    qtbot.addWidget(widget, before_close_func=lambda w: w.close_feed())
    widget.resize(1000, 500)
    yield widget
    widget.close_feed()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("traces")]


def picture(view: TraceView) -> np.ndarray:
    """The painted widget as (height, width, 3) RGB."""
    view.settle()
    image = view.grab().toImage().convertToFormat(view.grab().toImage().Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def ink(pixels: np.ndarray, view: TraceView) -> np.ndarray:
    """Where the traces' area is darker than any grid line, (height, width) of that area."""
    page = view.page
    return pixels[page.top : page.bottom, page.left : page.right].min(axis=2) < 150
