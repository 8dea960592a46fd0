"""The page that a simulation is written on: signals, envelopes and what was true."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from inference.simulate.head import Head
from inference.simulate.patients import InfantPatient
from inference.simulate.truth import Role, TruthEvent

Samples: TypeAlias = NDArray[np.float32]
#: Called with the share of a step that is done, 0 to 1.
Progress: TypeAlias = Callable[[float], None]
Waveform: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.floating]]

#: Muscles under the scalp electrodes: where each lies and how far it spreads, in radii (this project's choice).
SCALP_MUSCLES = {
    "frontalis": ("Fpz", 0.35),
    "left temporalis": ("FT9", 0.35),
    "right temporalis": ("FT10", 0.35),
    "neck": ("Iz", 0.5),
}
#: A channel shows an event when it reaches this share of the greatest amplitude over channels.
SHOWN_SHARE = 0.3


class Page:
    """Signals of one recording while they are being made, whoever is recorded.

    Parameters
    ----------
    electrodes, reference : EEG electrodes in order, and a key of :data:`inference.simulate.head.REFERENCES`.
    channel_names : labels of all channels, EEG before EMG.
    tone_uv : resting activity of each muscle that is recorded, in microvolts.

    Attributes
    ----------
    eeg : (n_eeg, n) microvolts, against the patient's reference.
    emg_envelope : (n_emg, n) root-mean-square amplitude of muscle activity, in microvolts.
    scalp_envelope : (n_scalp_muscles, n) the same for the muscles under the scalp electrodes.
    suppression : (n,) factor of the background EEG, 1 where nothing suppresses it.
    truth : events so far, in no order.
    """

    def __init__(
        self,
        *,
        electrodes: Sequence[str],
        reference: str,
        channel_names: Sequence[str],
        tone_uv: Sequence[float],
        n_samples: int,
        rate_hz: float,
    ) -> None:
        self.head = Head(electrodes, reference)
        self.channel_names = tuple(channel_names)
        self.rate_hz = rate_hz
        self.n_samples = n_samples
        self.eeg: Samples = np.zeros((len(electrodes), n_samples), dtype=np.float32)
        self.emg_envelope: Samples = np.zeros((len(tone_uv), n_samples), dtype=np.float32)
        self.emg_envelope += np.array(tone_uv, dtype=np.float32)[:, None]
        self.scalp_envelope: Samples = np.zeros((len(SCALP_MUSCLES), n_samples), dtype=np.float32)
        self.suppression: Samples = np.ones(n_samples, dtype=np.float32)
        self.truth: list[TruthEvent] = []

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return self.n_samples / self.rate_hz

    def span(self, onset_s: float, duration_s: float) -> tuple[slice, NDArray[np.float64]]:
        """Give the samples of a span, cut at the recording's ends, and their times from its onset."""
        first = max(0, int(np.ceil(onset_s * self.rate_hz)))
        stop = max(first, min(self.n_samples, int(np.ceil((onset_s + duration_s) * self.rate_hz))))
        return slice(first, stop), np.arange(first, stop) / self.rate_hz - onset_s

    def add_wave(self, onset_s: float, duration_s: float, wave: Waveform, field: Samples) -> None:
        """Add a waveform, in microvolts over seconds from its onset, to the EEG with this field."""
        samples, time_s = self.span(onset_s, duration_s)
        if time_s.size:
            self.eeg[:, samples] += field[:, None] * wave(time_s).astype(np.float32)

    def add_contraction(self, onset_s: float, duration_s: float, shape: Waveform, emg_uv: Samples) -> None:
        """Add an envelope of muscle activity, 0 to 1 over seconds from its onset, with each muscle's amplitude."""
        samples, time_s = self.span(onset_s, duration_s)
        if time_s.size:
            self.emg_envelope[:, samples] += emg_uv[: len(self.emg_envelope), None] * shape(time_s).astype(np.float32)

    def add_scalp_muscle(self, onset_s: float, duration_s: float, shape: Waveform, muscle_uv: Samples) -> None:
        """Add an envelope of scalp muscle activity with each muscle's amplitude."""
        samples, time_s = self.span(onset_s, duration_s)
        if time_s.size:
            self.scalp_envelope[:, samples] += muscle_uv[:, None] * shape(time_s).astype(np.float32)

    def suppress(self, onset_s: float, duration_s: float, depth: float) -> None:
        """Let the background fade to ``1 - depth`` and come back; it goes faster than it returns."""
        samples, time_s = self.span(onset_s, duration_s)
        fall = np.clip(time_s / min(0.3, duration_s / 4), 0.0, 1.0)
        rise = np.clip((duration_s - time_s) / min(1.0, duration_s / 3), 0.0, 1.0)
        self.suppression[samples] *= (1.0 - depth * fall * rise).astype(np.float32)

    def eeg_names(self, field: Samples) -> tuple[str, ...]:
        """Name the EEG channels that show a field."""
        shown = np.abs(field) >= SHOWN_SHARE * np.abs(field).max()
        return tuple(name for name, show in zip(self.channel_names, shown, strict=False) if show)

    def emg_names(self, emg_uv: Samples) -> tuple[str, ...]:
        """Name the EMG channels that show a contraction."""
        names = self.channel_names[len(self.eeg) :]
        shown = emg_uv[: len(names)] >= SHOWN_SHARE * emg_uv[: len(names)].max()
        return tuple(name for name, show in zip(names, shown, strict=True) if show)

    def note(
        self,
        label: str,
        onset_s: float,
        duration_s: float,
        channels: tuple[str, ...] = (),
        *,
        role: Role = Role.NEGATIVE,
        cluster: int | None = None,
        spasm: int | None = None,
        intensity: float | None = None,
    ) -> None:
        """Write down what was true, cut at the recording's ends; nothing where it lies outside."""
        start_s, end_s = max(0.0, onset_s), min(self.duration_s, onset_s + duration_s)
        if end_s > start_s:
            event = TruthEvent(start_s, end_s - start_s, str(label), channels, cluster, role, spasm, intensity)
            self.truth.append(event)


class Sheet(Page):
    """The page that an infant's recording is written on."""

    def __init__(self, patient: InfantPatient, n_samples: int, rate_hz: float) -> None:
        tone_uv = patient.muscle.tone_uv[: len(patient.emg_sites)]
        super().__init__(
            electrodes=patient.electrodes,
            reference=patient.reference,
            channel_names=patient.channel_names,
            tone_uv=tone_uv,
            n_samples=n_samples,
            rate_hz=rate_hz,
        )
        self.patient = patient
