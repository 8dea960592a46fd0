"""The Sleep-EDF set: nights of two EEG channels with hypnograms by the rules of Rechtschaffen and Kales.

Source: Kemp et al. 2000, IEEE Trans. Biomed. Eng. 47:1185, doi:10.13026/C2X676. Pairs such as ``SC4001E0-PSG.edf`` and
``SC4001EC-Hypnogram.edf``: study, subject and night stand in the first six letters, the letters after them name the
recorder and the scorer.
"""

from dataclasses import replace
from pathlib import Path

from inference.errors import LabelError
from inference.labels.hypnogram_formats import read_hypnogram
from inference.labels.hypnograms import Hypnogram
from inference.labels.reading import read_bytes
from inference.labels.sleep_stages import UNSCORED
from inference.training.corpora.recordings import SleepCorpus, SleepRecording, compile_whole, name_some
from inference.training.corpora.segments import find_files

NAME = "Sleep-EDF"
RECORDING = compile_whole(r"S[CT][47]\d{3}\w*-PSG\.edf")
_HYPNOGRAM = compile_whole(r"S[CT][47]\d{3}\w*-Hypnogram\.edf")
#: How much wake counts before and after sleep: cassette recordings go on for a whole day (the usual choice in the
#: literature since Supratak et al. 2017, IEEE Trans. Neural Syst. Rehabil. Eng. 25:1998).
WAKE_MINUTES = 30.0
#: Place of start date and time in an EDF header.
_START = slice(168, 184)


def read_sleep_edf(folder: Path, wake_minutes: float | None = WAKE_MINUTES) -> SleepCorpus:
    """Read which nights there are and how they were scored; no signal is read.

    Stages 3 and 4 are N3; movement time and what was not scored do not count.

    Parameters
    ----------
    folder : wherever the files lie, all of them or some.
    wake_minutes : how much wake counts before the first and after the last epoch of sleep; None counts all of it.

    Returns
    -------
    The nights by file name; a subject's two nights have one patient's name.

    Raises
    ------
    LabelError
        There is no recording with a hypnogram, one cannot be understood, or the two do not begin together.
    RecordingError
        The folder cannot be read.
    """
    hypnograms = {path.name[:6].upper(): path for path in find_files(folder, _HYPNOGRAM)}
    nights: dict[str, SleepRecording] = {}
    without: list[str] = []
    for path in find_files(folder, RECORDING):
        night = path.name[:6].upper()
        if night in nights:
            raise LabelError(f"{path} and {nights[night].path} are of the same night: the corpus lies there twice.")
        if night not in hypnograms:
            without.append(path.name)
            continue
        _require_common_start(path, hypnograms[night])
        hypnogram = read_hypnogram(hypnograms[night]).to_aasm()
        nights[night] = SleepRecording(night[:5], path, keep_night(hypnogram, wake_minutes))
    if not nights:
        raise LabelError(f"{folder} holds no pair of the Sleep-EDF set (SC4001E0-PSG.edf, SC4001EC-Hypnogram.edf ...).")
    problems = (f"There is no hypnogram of {name_some(without)}: left out.",) if without else ()
    return SleepCorpus(NAME, tuple(nights[night] for night in sorted(nights)), problems)


def keep_night(hypnogram: Hypnogram, wake_minutes: float | None) -> Hypnogram:
    """Call unscored what lies further than so much from sleep; a recording without sleep stays as it is."""
    asleep = [i for i, code in enumerate(hypnogram.stages) if code not in ("W", UNSCORED)]
    if wake_minutes is None or not asleep:
        return hypnogram
    margin = round(wake_minutes * 60.0 / hypnogram.epoch_s)
    kept = range(asleep[0] - margin, asleep[-1] + margin + 1)
    stages = tuple(code if i in kept else UNSCORED for i, code in enumerate(hypnogram.stages))
    return replace(hypnogram, stages=stages)


def _require_common_start(recording: Path, hypnogram: Path) -> None:
    with recording.open("rb") as stream:
        begins = stream.read(_START.stop)[_START]
    if begins != read_bytes(hypnogram)[_START]:
        raise LabelError(f"{recording} and {hypnogram} do not begin at the same time.")
