"""What happens between seizures: the focus's discharges, those of other cortex, and what only looks like one."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from inference.simulate.background import spike_and_wave
from inference.simulate.foci.arrays import Samples, ScalpArray, Source
from inference.simulate.foci.page import FocusPage
from inference.simulate.foci.patients import Discharges, Zone
from inference.simulate.foci.terms import FocusTerm
from inference.simulate.streams import Stream, generator
from inference.simulate.truth import Role

#: Slow activity comes from more cortex than a spike, fast activity from less; factors of the patch's reach.
_SLOW_REACH, _FAST_REACH = 1.6, 0.55
_SPIKE_WAVE_S = 0.7
#: Discharges come in bouts: the rate is this many times the mean in them, and little else in between.
_BOUT_GAIN, _BOUT_S = 2.5, 20.0


def add_discharges(page: FocusPage, seed: int) -> None:
    """Add the discharges of the focus and of every irritative zone, each with its own stream of chance."""
    zones = [(page.patient.focus, Role.PART), *((zone, Role.NEGATIVE) for zone in page.patient.irritative)]
    for index, (zone, role) in enumerate(zones):
        writer = _ZoneWriter(page, zone, role, seed, index)
        writer.add_spikes()
        writer.add_fast_activity()
        writer.add_slowing()
        writer.add_rhythms()


class _ZoneWriter:
    """Writes one zone's discharges onto the page."""

    def __init__(self, page: FocusPage, zone: Zone, role: Role, seed: int, index: int) -> None:
        self.page, self.zone, self.role, self.seed, self.index = page, zone, role, seed, index
        array, source = page.patient.array, zone.source
        self.field = array.field(source)
        self.slow_field = array.field(source.seen_to(_SLOW_REACH * source.reach_mm))
        self.fast_field = array.field(source.seen_to(_FAST_REACH * source.reach_mm))

    @property
    def discharges(self) -> Discharges:
        return self.zone.discharges

    def add_spikes(self) -> None:
        signs = self.discharges
        for at_s, random in self._times(0, signs.spikes_per_min):
            uv = signs.spike_uv * float(random.lognormal(0.0, 0.3))
            shape = partial(spike_and_wave, spike_s=signs.spike_s * float(random.normal(1.0, 0.08)), wave=signs.wave)
            self.page.add_wave(at_s, _SPIKE_WAVE_S, shape, np.float32(uv) * self.field)
            self.page.note(FocusTerm.SPIKE, at_s, _SPIKE_WAVE_S, self.field, self.role)
            for source, delay_s, share, how_often in self.zone.spread:
                if random.random() < how_often:
                    self._spread_to(source, at_s + delay_s, share * uv, shape)
            if random.random() < signs.fast_share:
                self._add_fast(random, at_s + 0.5 * signs.spike_s)

    def _spread_to(self, source: Source, at_s: float, uv: float, shape: partial[NDArray[np.float64]]) -> None:
        field = np.float32(uv) * self.page.patient.array.field(source)
        self.page.add_wave(at_s, _SPIKE_WAVE_S, shape, field)
        self.page.note(FocusTerm.SPIKE, at_s, _SPIKE_WAVE_S, field, Role.NEGATIVE)

    def add_fast_activity(self) -> None:
        for at_s, random in self._times(1, self.discharges.fast_per_min):
            self._add_fast(random, at_s)

    def _add_fast(self, random: np.random.Generator, at_s: float) -> None:
        signs = self.discharges
        hz = signs.fast_hz * float(random.normal(1.0, 0.05))
        if hz > 0.45 * self.page.rate_hz:
            return
        duration_s, phase = float(random.uniform(0.04, 0.12)), float(random.uniform(0, 2 * np.pi))
        uv = signs.fast_uv * float(random.lognormal(0.0, 0.3))

        def wave(t: NDArray[np.float64]) -> NDArray[np.float64]:
            bell: NDArray[np.float64] = np.exp(-0.5 * ((t - duration_s / 2) / (duration_s / 5)) ** 2)
            wavelet: NDArray[np.float64] = uv * bell * np.sin(2 * np.pi * hz * t + phase)
            return wavelet

        self.page.add_wave(at_s, duration_s, wave, self.fast_field)
        self.page.note(FocusTerm.FAST, at_s, duration_s, self.fast_field, self.role)

    def add_slowing(self) -> None:
        signs = self.discharges
        for at_s, random in self._times(2, signs.slowing_per_min):
            duration_s = float(random.uniform(2.0, 9.0))
            uv = signs.slowing_uv * float(random.lognormal(0.0, 0.25))
            # Polymorphic: several slow waves that keep no time with each other.
            rates_hz = signs.slowing_hz * random.uniform(0.6, 1.5, 6)
            phases = random.uniform(0, 2 * np.pi, 6)

            def wave(
                t: NDArray[np.float64],
                duration_s: float = duration_s,
                uv: float = uv,
                rates_hz: NDArray[np.float64] = rates_hz,
                phases: NDArray[np.float64] = phases,
            ) -> NDArray[np.float64]:
                waves = np.sin(2 * np.pi * rates_hz[:, None] * t + phases[:, None]).mean(axis=0)
                train: NDArray[np.float64] = uv * _edge(t, duration_s, 0.6) * waves
                return train

            self.page.add_wave(at_s, duration_s, wave, self.slow_field)
            self.page.note(FocusTerm.SLOWING, at_s, duration_s, self.slow_field, self.role)

    def add_rhythms(self) -> None:
        signs = self.discharges
        for at_s, random in self._times(3, signs.rhythm_per_min):
            duration_s = float(random.uniform(1.5, 7.0))
            uv = signs.rhythm_uv * float(random.lognormal(0.0, 0.25))
            hz, slower = signs.rhythm_hz * float(random.normal(1.0, 0.05)), float(random.uniform(0.0, 0.25))

            def wave(
                t: NDArray[np.float64],
                duration_s: float = duration_s,
                uv: float = uv,
                hz: float = hz,
                slower: float = slower,
            ) -> NDArray[np.float64]:
                turn = 2 * np.pi * hz * t * (1.0 - 0.5 * slower * t / duration_s)
                # Sharply contoured: the second harmonic steepens one flank.
                return 0.6 * uv * _edge(t, duration_s, 0.4) * (np.sin(turn) + 0.35 * np.sin(2 * turn + 0.8))

            self.page.add_wave(at_s, duration_s, wave, self.field)
            self.page.note(FocusTerm.RHYTHM, at_s, duration_s, self.field, self.role)

    def _times(self, kind: int, per_min: float) -> Iterator[tuple[float, np.random.Generator]]:
        """Give the times of one kind of discharge, which come in bouts, and the chance that shapes each of them."""
        if not per_min:
            return
        times = generator(self.seed, Stream.FOCUS_EVENT_TIMES, self.index, kind)
        at_s, number, offset = 0.0, 0, float(times.uniform(0, 2 * np.pi))
        while True:
            at_s += float(times.exponential(60.0 / (_BOUT_GAIN * per_min)))
            if at_s >= self.page.duration_s:
                return
            bout = 0.5 + 0.5 * np.sin(2 * np.pi * at_s / (2 * _BOUT_S) + offset)
            if times.random() < 2 * bout / _BOUT_GAIN:
                yield at_s, generator(self.seed, Stream.FOCUS_EVENT, self.index, kind, number)
            number += 1


def add_look_alikes(page: FocusPage, seed: int) -> None:
    """Add sharp transients of healthy cortex, blinks on the scalp, and pops of single electrodes."""
    index = 1 + len(page.patient.irritative)
    for kind, per_min in enumerate((page.patient.transients_per_min, 8.0, 0.4)):
        times = generator(seed, Stream.FOCUS_EVENT_TIMES, index, kind)
        at_s, number = float(times.exponential(60.0 / per_min)), 0
        while at_s < page.duration_s:
            _LOOK_ALIKES[kind](page, generator(seed, Stream.FOCUS_EVENT, index, kind, number), at_s)
            at_s, number = at_s + float(times.exponential(60.0 / per_min)), number + 1


def _add_transient(page: FocusPage, random: np.random.Generator, at_s: float) -> None:
    """One sharp wave of a channel somewhere, never the same twice: a focus repeats itself, healthy cortex does not."""
    n_channels = len(page.signals)
    field = np.zeros(n_channels, dtype=np.float32)
    at = int(random.integers(n_channels))
    field[at] = 1.0
    for neighbour in (at - 1, at + 1):
        if 0 <= neighbour < n_channels:
            field[neighbour] = random.uniform(0.0, 0.5)
    width_s = float(random.uniform(0.04, 0.15))
    uv = float(random.choice([-1.0, 1.0]) * page.patient.tissue.rms_uv * random.uniform(2.0, 5.0))
    page.add_wave(at_s, 6 * width_s, lambda t: uv * np.exp(-0.5 * ((t - 3 * width_s) / (0.6 * width_s)) ** 2), field)
    page.note(FocusTerm.SHARP_TRANSIENT, at_s, 6 * width_s, field, Role.NEGATIVE)


def _add_blink(page: FocusPage, random: np.random.Generator, at_s: float) -> None:
    array = page.patient.array
    if not isinstance(array, ScalpArray):
        return
    uv, width_s = float(random.uniform(60.0, 180.0)), float(random.uniform(0.06, 0.10))
    field = array.eye_field()
    page.add_wave(at_s, 0.6, lambda t: uv * np.exp(-0.5 * ((t - 0.25) / width_s) ** 2), field)
    page.note(FocusTerm.BLINK, at_s, 0.6, field, Role.NEGATIVE)


def _add_pop(page: FocusPage, random: np.random.Generator, at_s: float) -> None:
    field: Samples = np.zeros(len(page.signals), dtype=np.float32)
    field[int(random.integers(len(field)))] = 1.0
    uv = float(random.choice([-1.0, 1.0]) * page.patient.tissue.rms_uv * random.uniform(3.0, 10.0))
    page.add_wave(at_s, 1.0, lambda t: uv * np.exp(-t / 0.15), field)
    page.note(FocusTerm.POP, at_s, 1.0, field, Role.NEGATIVE)


_LOOK_ALIKES = (_add_transient, _add_blink, _add_pop)


def _edge(time_s: NDArray[np.float64], duration_s: float, fade_s: float) -> NDArray[np.float64]:
    """Rise and fall of a train of waves, from 0 to 1 and back."""
    edge: NDArray[np.float64] = np.clip(np.minimum(time_s, duration_s - time_s) / fade_s, 0.0, 1.0)
    return edge
