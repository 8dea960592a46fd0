"""The colours of the trace view: one language, safe for colour-blind readers (Okabe and Ito)."""

from dataclasses import dataclass

from inference.recordings.recording import ChannelKind


@dataclass(frozen=True, slots=True)
class TracePalette:
    """Colours as ``#rrggbb``, for a light page by default.

    ``eeg`` ... ``other`` are the ink of each kind of channel; ``spasm``, ``seizure`` and ``event`` mark what was found,
    ``accepted``, ``rejected`` and ``unsure`` what a person decided, ``speaks_for`` and ``speaks_against`` why a network
    found something.
    """

    paper: str = "#fdfdfb"
    margin: str = "#f4f4f1"
    ink: str = "#1b1f24"
    label: str = "#2b3036"
    muted: str = "#6a7078"
    grid: str = "#e9e9e4"
    grid_strong: str = "#cfcfc8"
    gap: str = "#b9b9b2"
    cursor: str = "#3a6ea5"
    selection: str = "#56b4e9"
    eeg: str = "#1b1f24"
    emg: str = "#0072b2"
    eog: str = "#5f6b52"
    ecg: str = "#8a5a6b"
    respiration: str = "#4d7783"
    other: str = "#74706a"
    spasm: str = "#d55e00"
    seizure: str = "#7b4aa3"
    event: str = "#8a7400"
    accepted: str = "#009e73"
    rejected: str = "#8c8c8c"
    unsure: str = "#b8860b"
    speaks_for: str = "#d55e00"
    speaks_against: str = "#0072b2"

    def of_kind(self, kind: ChannelKind) -> str:
        """Give the ink of a kind of channel."""
        inks = {
            ChannelKind.EEG: self.eeg,
            ChannelKind.EMG: self.emg,
            ChannelKind.EOG: self.eog,
            ChannelKind.ECG: self.ecg,
            ChannelKind.RESPIRATION: self.respiration,
        }
        return inks.get(kind, self.other)

    def of_label(self, label: str) -> str:
        """Give the colour of an event by its term: spasms, seizures, and everything else."""
        lowered = label.lower()
        if "spasm" in lowered:
            return self.spasm
        if "seizure" in lowered or "sz" in lowered.split("-"):
            return self.seizure
        return self.event


LIGHT = TracePalette()
DARK = TracePalette(
    paper="#14171a",
    margin="#1b1f23",
    ink="#e6e6e1",
    label="#d4d6d8",
    muted="#949aa1",
    grid="#22272c",
    grid_strong="#3a4149",
    gap="#4a5058",
    cursor="#7fb2e5",
    selection="#56b4e9",
    eeg="#e6e6e1",
    emg="#56b4e9",
    eog="#a9b894",
    ecg="#d39db0",
    respiration="#8fc0cd",
    other="#a8a49c",
    spasm="#f28a3c",
    seizure="#c79be8",
    event="#d9c54a",
    accepted="#2fc79a",
    rejected="#8c8c8c",
    unsure="#e69f00",
    speaks_for="#f0803c",
    speaks_against="#56b4e9",
)
