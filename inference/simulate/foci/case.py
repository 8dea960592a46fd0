"""Simulate a patient with an epileptic focus: the signals of every channel, and which of them lie over the focus."""

from dataclasses import dataclass
from pathlib import Path

from inference.recordings.array import ArrayRecording
from inference.recordings.recording import Channel, ChannelKind
from inference.simulate.foci.discharges import add_discharges, add_look_alikes
from inference.simulate.foci.page import FocusPage, add_background, record
from inference.simulate.foci.patients import FocusPatient, Site, draw_focus_patient
from inference.simulate.foci.terms import FocusTerm
from inference.simulate.infant import START
from inference.simulate.sheet import Progress
from inference.simulate.truth import Role, TruthEvent

#: As the paper's scalp recordings and the Bern-Barcelona set have it.
RATE_HZ = 512.0
#: Slower than this, the paper's highest band does not exist.
MIN_RATE_HZ = 128.0


@dataclass(frozen=True, slots=True, eq=False)
class FocusCase:
    """A simulated recording, what was true in it, and who it was simulated from; ``truth`` is in order of onset.

    The first event, over the whole recording, names the channels over the focus.
    """

    recording: ArrayRecording
    truth: tuple[TruthEvent, ...]
    patient: FocusPatient

    @property
    def stem(self) -> str:
        """Name of its files."""
        return f"focus-{self.patient.seed:04d}"


def simulate_focus(
    seed: int,
    duration_s: float,
    rate_hz: float = RATE_HZ,
    *,
    site: Site | None = None,
    on_progress: Progress | None = None,
) -> FocusCase:
    """Simulate the EEG of a patient with one focus between seizures, from depth electrodes or from the scalp.

    The same seed gives the same patient and the same discharges: a longer recording begins as a shorter one does, and a
    lower rate shows the same events but for those too fast for it. ``site`` takes the place of the one that the seed
    would draw. ``on_progress`` is called with the share that is done, 0 to 1.

    Raises
    ------
    ValueError
        ``duration_s`` is not positive or ``rate_hz`` is below 128 Hz.
    """
    if duration_s <= 0.0:
        raise ValueError(f"a recording of {duration_s} s cannot be simulated")
    if rate_hz < MIN_RATE_HZ:
        raise ValueError(f"{rate_hz} Hz is too slow; at least {MIN_RATE_HZ:g} Hz")
    report = on_progress or _ignore
    patient = draw_focus_patient(seed, site)
    page = FocusPage(patient, max(1, round(duration_s * rate_hz)), rate_hz)
    focal = tuple(name for name, over in zip(patient.array.names, patient.focal, strict=True) if over)
    page.truth.append(TruthEvent(0.0, page.duration_s, FocusTerm.FOCUS, focal, role=Role.STATE))
    add_background(page, seed, lambda share: report(0.7 * share))
    add_discharges(page, seed)
    add_look_alikes(page, seed)
    signals = record(page, seed, lambda share: report(0.7 + 0.3 * share))
    channels = tuple(
        Channel(name, ChannelKind.EEG, "uV", rate_hz, electrode)
        for name, electrode in zip(patient.array.names, patient.array.electrodes, strict=True)
    )
    recording = ArrayRecording(channels, list(signals), START, path=Path(f"simulated focus {seed}"))
    truth = sorted(page.truth, key=lambda event: (event.onset_s, event.label != FocusTerm.FOCUS, event.label))
    return FocusCase(recording, tuple(truth), patient)


def _ignore(share: float) -> None:
    """Take no notice of progress."""
