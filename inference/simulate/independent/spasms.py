"""Acting out spasms: fast burst, slow wave, electrodecrement and contraction, each with its truth."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.simulate.independent.infant import Infant, SpasmStyle, stream
from inference.simulate.independent.muscles import DRIVE_RATE_HZ
from inference.simulate.independent.sheet import SCALP_MUSCLES, Scalp, Sheet, drive_share, sheet_time_s
from inference.simulate.independent.timetable import SHORTEST_INTERVAL_S, PlannedSpasm
from inference.simulate.truth import Role, Term, TruthEvent

#: Where fast bursts start, on the right; parietal, central, temporal, frontal.
_LEADS: Final = np.array([(0.45, -0.5, 0.6), (0.55, 0.05, 0.65), (0.8, -0.1, 0.2), (0.45, 0.6, 0.4)])
#: Of 1,033 spasms: adjacent regions follow after 65 to 170 ms, the other side after 100 to 170 ms (PMC5429878).
_ADJACENT_LAG_S: Final = (0.065, 0.170)
_OPPOSITE_LAG_S: Final = (0.100, 0.170)
#: A contraction below this intensity of drive does not show above the tone of the muscle.
_FAINTEST_DRIVE: Final = 0.12


def act_out_spasms(infant: Infant, spasms: tuple[PlannedSpasm, ...], scalp: Scalp, sheet: Sheet) -> list[TruthEvent]:
    """Draw every planned spasm onto the sheet and tell what is true."""
    rng = stream(infant.seed, "spasm shapes")
    actor = _Actor(infant, scalp, sheet)
    truth: list[TruthEvent] = []
    for number, spasm in enumerate(spasms, start=1):
        following_s = spasms[number].onset_s if number < len(spasms) else sheet.duration_s
        truth += actor.act(rng, spasm, number, following_s - spasm.onset_s)
    return truth


class _Actor:
    """One infant's stereotyped spasm."""

    def __init__(self, infant: Infant, scalp: Scalp, sheet: Sheet) -> None:
        self._infant, self._style, self._sheet = infant, infant.spasms, sheet
        self._slow_fields = _slow_fields(self._style, scalp)
        lead = _LEADS[self._style.lead_place] * np.array([self._style.lead_side, 1, 1])
        rng = stream(infant.seed, "fast burst")
        self._fast_fields = [_patch(rng, scalp, place) for place in _spread_from(rng, lead)]
        self._beta_fields = [_patch(rng, scalp, place) for place in _LEADS]
        self._beta_fields += [_patch(rng, scalp, place * np.array([-1, 1, 1])) for place in _LEADS]

    def act(self, rng: np.random.Generator, spasm: PlannedSpasm, number: int, room_s: float) -> Iterator[TruthEvent]:
        style, onset_s = self._style, spasm.onset_s
        slow_s = style.slow_s * float(np.exp(rng.normal(0.0, 0.15)))
        parts = [(Term.SLOW_WAVE, onset_s, self._slow_wave(rng, onset_s, slow_s, spasm.intensity))]
        silent = rng.random() < style.silent_share
        if not silent:
            start_s = onset_s + max(-0.15, style.lag_s + float(rng.normal(0.0, 0.1)))
            parts.append((Term.CONTRACTION, start_s, self._contraction(rng, start_s, spasm.intensity, room_s)))
        end_s = max(start + length for _, start, length in parts)
        first_s = min(start for _, start, _ in parts)
        if style.fast_uv > 0 and rng.random() < 0.85:
            start_s = onset_s - float(rng.uniform(0.05, 0.35))
            parts.append((Term.FAST_BURST, start_s, self._fast_burst(rng, start_s, spasm.intensity)))
        if style.remaining < 1.0 and rng.random() < 0.3 + 0.65 * spasm.intensity:
            start_s = onset_s + slow_s * float(rng.uniform(0.6, 1.0))
            parts.append((Term.DECREMENT, start_s, self._decrement(rng, start_s, room_s)))
        yield _tell(spasm, number, Term.SPASM, first_s, end_s - first_s)
        for term, start_s, length_s in parts:
            yield _tell(spasm, number, term, start_s, length_s)

    def _slow_wave(self, rng: np.random.Generator, onset_s: float, length_s: float, intensity: float) -> float:
        style = self._style
        share = sheet_time_s(length_s) / length_s
        skew, swing = style.slow_skew * np.exp(rng.normal(0.0, 0.08)), style.slow_swing + rng.normal(0.0, 0.1)
        wave = np.sin(np.pi * share**skew) ** 2 + swing * np.sin(2 * np.pi * share) * np.sin(np.pi * share) ** 2
        height_uv = style.slow_uv * (0.55 + 0.45 * intensity) * float(np.exp(rng.normal(0.0, 0.12)))
        wave_uv = height_uv * wave / np.abs(wave).max()
        for field, lag_s in zip(self._slow_fields, (0.0, style.side_lag_s), strict=True):
            self._sheet.add(field, onset_s + lag_s, wave_uv)
        return length_s + style.side_lag_s

    def _fast_burst(self, rng: np.random.Generator, onset_s: float, intensity: float) -> float:
        style = self._style
        length_s = style.fast_s * float(rng.uniform(0.75, 1.25))
        time_s = sheet_time_s(length_s)
        lags_s = [0.0, *rng.uniform(*_ADJACENT_LAG_S, 2), float(rng.uniform(*_OPPOSITE_LAG_S))]
        for field, lag_s, share in zip(self._fast_fields, lags_s, (1.0, 0.6, 0.5, 0.5), strict=True):
            # The frequency glides by a tenth and never keeps its phase.
            wander = np.cumsum(rng.standard_normal(len(time_s))) * 0.04
            phase = 2 * np.pi * style.fast_hz * (time_s + 0.05 * time_s**2 / length_s) + wander + rng.uniform(0, 6)
            height_uv = style.fast_uv * share * (0.5 + 0.5 * intensity)
            self._sheet.add(
                field, onset_s + lag_s, height_uv * np.sin(np.pi * time_s / length_s) ** 1.5 * np.sin(phase)
            )
        return length_s + float(max(lags_s))

    def _decrement(self, rng: np.random.Generator, onset_s: float, room_s: float) -> float:
        style = self._style
        length_s = float(np.clip(style.decrement_s * np.exp(rng.normal(0.0, 0.3)), 1.0, max(1.0, room_s - 1.0)))
        self._sheet.attenuate(onset_s, length_s, style.remaining, 0.2, 0.5)
        if style.beta_uv > 0:
            time_s = sheet_time_s(length_s)
            swell = np.sin(np.pi * time_s / length_s)
            for field in self._beta_fields:
                wander = np.cumsum(rng.standard_normal(len(time_s))) * 0.09
                phase = 2 * np.pi * float(rng.uniform(15.0, 24.0)) * time_s + wander
                self._sheet.add(field, onset_s, 0.5 * style.beta_uv * swell * np.sin(phase))
        return length_s

    def _contraction(self, rng: np.random.Generator, onset_s: float, intensity: float, room_s: float) -> float:
        """Drive all muscles by a diamond: up, then down; 85.7 % last 0.4 to 3.0 s, the others to 7 s."""
        style = self._style
        is_tonic = rng.random() < style.tonic_share and room_s > SHORTEST_INTERVAL_S + 2.0
        typical_s = style.contraction_s * float(np.exp(rng.normal(0.0, 0.3)))
        length_s = float(rng.uniform(3.0, min(7.0, room_s - 1.0))) if is_tonic else float(np.clip(typical_s, 0.4, 3.0))
        length_s = round(length_s * DRIVE_RATE_HZ) / DRIVE_RATE_HZ
        summit = float(rng.uniform(0.25, 0.5)) * (0.4 if is_tonic else 1.0)
        share = drive_share(length_s)
        diamond = np.interp(share, [0.0, summit, 1.0], [0.1, 1.0, 0.03]) * (share < 1.0)
        force = _FAINTEST_DRIVE + (0.95 - _FAINTEST_DRIVE) * intensity
        for muscle, weakness in zip(self._sheet.muscles, self._infant.weakness, strict=True):
            self._sheet.drive(muscle, onset_s, force * weakness * float(rng.uniform(0.8, 1.1)) * diamond)
        for muscle in SCALP_MUSCLES:
            self._sheet.drive(muscle, onset_s, force * float(rng.uniform(0.2, 0.8)) * diamond)
        return length_s


def _tell(spasm: PlannedSpasm, number: int, term: Term, onset_s: float, duration_s: float) -> TruthEvent:
    role = Role.SPASM if term is Term.SPASM else Role.PART
    return TruthEvent(
        onset_s=round(onset_s, 3),
        duration_s=round(duration_s, 3),
        label=term,
        cluster=spasm.cluster,
        role=role,
        spasm=number,
        intensity=spasm.intensity if role is Role.SPASM else None,
    )


def _slow_fields(style: SpasmStyle, scalp: Scalp) -> list[NDArray[np.float64]]:
    """Give the fields of the slow wave's left and right half, together reaching 1 at some electrode."""
    fields = []
    for side in (-0.25, 0.25):
        # So deep that the field of one dipole stands for that of a whole hemisphere.
        place = np.array([side + style.slow_shift, -0.05, 0.15])
        fields.append(scalp.field(place, np.array(style.slow_direction)))
    weights = np.clip(0.5 + np.array([-1.0, 1.0]) * style.slow_shift, 0.0, 1.0)
    total = weights[0] * fields[0] + weights[1] * fields[1]
    peak = np.abs(total - total.mean()).max()
    return [weight * field / peak for weight, field in zip(weights, fields, strict=True)]


def _spread_from(rng: np.random.Generator, lead: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Give the lead's place, two neighbours of it and its counterpart on the other side."""
    neighbours = [lead + rng.normal(0.0, 0.22, 3) for _ in range(2)]
    return [lead, *neighbours, lead * np.array([-1, 1, 1])]


def _patch(rng: np.random.Generator, scalp: Scalp, place: NDArray[np.float64]) -> NDArray[np.float64]:
    outward = place / np.linalg.norm(place)
    return scalp.field(0.78 * outward, outward + rng.normal(0.0, 0.4, 3))
