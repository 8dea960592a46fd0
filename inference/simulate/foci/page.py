"""The page that a recording with a focus is written on: signals, background, amplifier and what was true."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from inference.simulate.foci.arrays import Samples
from inference.simulate.foci.patients import FocusPatient
from inference.simulate.noise import Block, Spectrum, blocks
from inference.simulate.sheet import SHOWN_SHARE, Progress
from inference.simulate.streams import Stream, generator
from inference.simulate.technical import DRIFT_SPECTRUM
from inference.simulate.truth import Role, TruthEvent

Waveform = Callable[[NDArray[np.float64]], NDArray[np.floating]]

#: Waxing and waning takes some seconds.
_WAXING = Spectrum(0.02, 0.25)
_SLOW = Spectrum(0.5, 4.0, 1.0, order=2)


class FocusPage:
    """Signals of one recording while they are being made.

    Attributes
    ----------
    signals : (channels, n) microvolts.
    truth : events so far, in no order.
    """

    def __init__(self, patient: FocusPatient, n_samples: int, rate_hz: float) -> None:
        self.patient, self.rate_hz, self.n_samples = patient, rate_hz, n_samples
        self.signals: Samples = np.zeros((len(patient.array.names), n_samples), dtype=np.float32)
        self.truth: list[TruthEvent] = []

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return self.n_samples / self.rate_hz

    def add_wave(self, onset_s: float, duration_s: float, wave: Waveform, field: Samples) -> None:
        """Add a waveform, in microvolts over seconds from its onset, with this field; cut at the recording's ends."""
        first = max(0, int(np.ceil(onset_s * self.rate_hz)))
        stop = max(first, min(self.n_samples, int(np.ceil((onset_s + duration_s) * self.rate_hz))))
        if stop > first:
            time_s = np.arange(first, stop) / self.rate_hz - onset_s
            self.signals[:, first:stop] += field[:, None] * wave(time_s).astype(np.float32)

    def note(self, label: str, onset_s: float, duration_s: float, field: Samples | None, role: Role) -> None:
        """Write down what was true and which channels show it; nothing where it lies outside the recording."""
        start_s, end_s = max(0.0, onset_s), min(self.duration_s, onset_s + duration_s)
        if end_s > start_s:
            shown = () if field is None else self._showing(np.abs(field))
            self.truth.append(TruthEvent(start_s, end_s - start_s, str(label), shown, role=role))

    def _showing(self, field: Samples) -> tuple[str, ...]:
        shown = field >= SHOWN_SHARE * field.max()
        return tuple(name for name, show in zip(self.patient.array.names, shown, strict=True) if show)


def add_background(page: FocusPage, seed: int, on_progress: Progress) -> None:
    """Add the tissue's own activity: a power law, local rhythms, and more slow and less fast activity at the focus."""
    patient, tissue = page.patient, page.patient.tissue
    near = patient.array.nearness(patient.focus.source)
    level = tissue.rms_uv * np.asarray(tissue.level, dtype=np.float32)
    slow = 0.5 * level * (1.0 + (tissue.slow_gain - 1.0) * near)
    fast = level * np.asarray(tissue.fast_level, dtype=np.float32) * (1.0 + (tissue.fast_gain - 1.0) * near)
    mix = patient.array.tissue_mix()
    fields = [patient.array.field(source) * np.float32(uv) for source, _, uv in tissue.rhythms]
    parts = [
        (Spectrum(0.5, 150.0, tissue.exponent), mix * level[:, None]),
        (_SLOW, mix * slow[:, None]),
        (Spectrum(8.0, 180.0, 0.6), mix * fast[:, None]),
        *(
            (Spectrum(0.92 * hz, 1.08 * hz, order=6), field[:, None])
            for field, (_, hz, _) in zip(fields, tissue.rhythms, strict=True)
        ),
    ]
    for block in blocks(page.n_samples, page.rate_hz):
        span = slice(block.start, block.stop)
        for index, (spectrum, part) in enumerate(parts):
            random = generator(seed, Stream.FOCUS_BACKGROUND, index, block.index)
            waxing = np.exp(0.35 * block.noise(random, _WAXING, 1) - 0.35**2)
            page.signals[:, span] += block.noise(random, spectrum, part.shape[1], part) * waxing * block.fade
        if tissue.common_share:
            page.signals[:, span] += _reference(block, seed, tissue.exponent) * (tissue.common_share * tissue.rms_uv)
        on_progress(block.stop / page.n_samples)


def _reference(block: Block, seed: int, exponent: float) -> Samples:
    """Give what the common reference picks up itself: it is in every channel."""
    random = generator(seed, Stream.FOCUS_BACKGROUND, 1000, block.index)
    signal: Samples = block.noise(random, Spectrum(0.5, 150.0, exponent), 1) * block.fade
    return signal


def record(page: FocusPage, seed: int, on_progress: Progress) -> Samples:
    """Give what the recorder stores, (channels, n): each channel's gain, drift, noise and mains."""
    setup, n_channels = page.patient.technical, len(page.signals)
    recorded = page.signals * _column(setup.gain)
    for block in blocks(page.n_samples, page.rate_hz):
        random, span = generator(seed, Stream.FOCUS_TECHNICAL, block.index), slice(block.start, block.stop)
        noise = block.noise(random, DRIFT_SPECTRUM, n_channels) * _column(setup.drift_uv)
        noise += random.standard_normal(noise.T.shape, dtype=np.float32).T * _column(setup.noise_uv)
        recorded[:, span] += noise * block.fade
        on_progress(block.stop / page.n_samples)
    turn = 2 * np.pi * setup.line_hz * np.arange(page.n_samples) / page.rate_hz
    phases = generator(seed, Stream.FOCUS_TECHNICAL).uniform(0, 2 * np.pi, n_channels)
    for index, (phase, line_uv) in enumerate(zip(phases, setup.line_uv, strict=True)):
        recorded[index] += (line_uv * np.sin(turn + phase)).astype(np.float32)
    return recorded


def _column(values: tuple[float, ...]) -> Samples:
    return np.asarray(values, dtype=np.float32)[:, None]
