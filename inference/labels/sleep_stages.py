"""The stages that sleep is scored in: AASM, Rechtschaffen and Kales, and AASM for the first two months of life.

Sources: AASM Manual for the Scoring of Sleep and Associated Events 2.6 (also its infant rules); Rechtschaffen and Kales
1968; texts of EDF+ annotations: https://www.edfplus.info/specs/edftexts.html; tags: HED 8.4.0 and HED-SCORE 2.1.0.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

#: The code of an epoch that nobody scored, that could not be scored, or that lies in a gap.
UNSCORED: Final = "?"
MOVEMENT: Final = "M"
_PREFIX = re.compile(r"^(?:sleep[\s_-]*)?stage[\s_:-]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage.

    ``code`` is how scorers abbreviate it, ``tag`` how it is called in event tables (the HED tag where one names it
    alone), ``hed`` its whole HED annotation, ``edf_text`` the EDF+ annotation that stands for it. ``asleep`` is None
    for a stage that is neither sleep nor wake. ``key`` scores it, empty where no key does.
    """

    code: str
    name: str
    tag: str
    hed: str
    edf_text: str
    asleep: bool | None
    key: str = ""


@dataclass(frozen=True, slots=True)
class StageSet:
    """The stages of one scoring manual, from wake to the deepest sleep and REM."""

    name: str
    stages: tuple[Stage, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The stages' codes, in order."""
        return tuple(stage.code for stage in self.stages)

    def stage(self, code: str) -> Stage:
        """Give a stage by its code; KeyError where this set has no such stage."""
        for stage in self.stages:
            if stage.code == code:
                return stage
        raise KeyError(code)

    def find_key(self, key: str) -> Stage | None:
        """Give the stage that a key scores, None where none does."""
        return next((stage for stage in self.stages if stage.key == key), None)

    def recognise(self, text: str) -> str | None:
        """Give the code of one of these stages from its code, name or tag; None where the text names none of them."""
        named = next((stage.code for stage in self.stages if text in (stage.code, stage.name, stage.tag)), None)
        return UNSCORED if named is None and recognise_stage(text) == UNSCORED else named

    @property
    def levels(self) -> tuple[str, ...]:
        """The stages' codes as a hypnogram draws them, from the top: wake, REM, then ever deeper sleep."""
        first = tuple(code for code in ("W", "R") if code in self.codes)
        return (*first, *(code for code in self.codes if code not in first))


_WAKE = Stage("W", "Wake", "Awake", "Awake", "Sleep stage W", asleep=False, key="W")
_REM = Stage("R", "REM sleep", "Sleep-stage-REM", "Sleep-stage-REM", "Sleep stage R", asleep=True, key="R")

AASM: Final = StageSet(
    "AASM",
    (
        _WAKE,
        Stage("N1", "NREM 1", "Sleep-stage-N1", "Sleep-stage-N1", "Sleep stage N1", asleep=True, key="1"),
        Stage("N2", "NREM 2", "Sleep-stage-N2", "Sleep-stage-N2", "Sleep stage N2", asleep=True, key="2"),
        Stage("N3", "NREM 3", "Sleep-stage-N3", "Sleep-stage-N3", "Sleep stage N3", asleep=True, key="3"),
        _REM,
    ),
)
RECHTSCHAFFEN_KALES: Final = StageSet(
    "R&K",
    (
        _WAKE,
        Stage("S1", "Stage 1", "Sleep-stage-S1", "Sleep-stage-N1", "Sleep stage 1", asleep=True, key="1"),
        Stage("S2", "Stage 2", "Sleep-stage-S2", "Sleep-stage-N2", "Sleep stage 2", asleep=True, key="2"),
        Stage("S3", "Stage 3", "Sleep-stage-S3", "Sleep-stage-N3", "Sleep stage 3", asleep=True, key="3"),
        Stage("S4", "Stage 4", "Sleep-stage-S4", "Sleep-stage-N3", "Sleep stage 4", asleep=True, key="4"),
        _REM,
        Stage(MOVEMENT, "Movement time", "Movement-time", "Movement-artifact", "Movement time", asleep=None),
    ),
)
INFANT: Final = StageSet(
    "AASM, 0-2 months",
    (
        _WAKE,
        Stage("N", "NREM sleep", "Sleep-stage-N", "Asleep", "Sleep stage N", asleep=True, key="N"),
        Stage("T", "Transitional sleep", "Sleep-stage-T", "Asleep", "Sleep stage T", asleep=True, key="T"),
        _REM,
    ),
)
#: In the order in which they are tried on a file: what all of them share reads as AASM.
STAGE_SETS: Final = (AASM, RECHTSCHAFFEN_KALES, INFANT)

#: AASM's own translation of Rechtschaffen and Kales; movement time has none and is left unscored.
_RK_TO_AASM: Final = {"S1": "N1", "S2": "N2", "S3": "N3", "S4": "N3", MOVEMENT: UNSCORED}

_NREM: Final = frozenset({"N1", "N2", "N3"})

_SPELLINGS: Final = {
    "W": ("w", "wake", "awake", "wakefulness"),
    "R": ("r", "rem"),
    **{f"N{depth}": (f"n{depth}", f"nrem{depth}", f"nrem {depth}") for depth in (1, 2, 3)},
    **{f"S{depth}": (f"s{depth}",) for depth in (1, 2, 3, 4)},
    "N": ("n", "nrem"),
    "T": ("t", "transitional", "indeterminate"),
    MOVEMENT: ("m", "mt", "movement", "movement time", "movement-time"),
    UNSCORED: (
        *("?", "unscored", "unscorable", "not scored", "unknown", "undefined", "u", "uns", "n/a", "nan", ""),
        *("art", "artefact", "artifact"),
    ),
}
_BY_SPELLING: Final = {spelling: code for code, spellings in _SPELLINGS.items() for spelling in spellings}


def recognise_stage(text: str) -> str | None:
    """Give the code of a stage from how programs spell it, None where the text names no stage.

    A number alone could be Rechtschaffen and Kales's stage 4 or some program's REM, so it names no stage; after the
    words "Sleep stage" it is Rechtschaffen and Kales's.
    """
    words = " ".join(text.split()).lower()
    rest = _PREFIX.sub("", words)
    if rest != words and rest in {"1", "2", "3", "4"}:
        return f"S{rest}"
    return _BY_SPELLING.get(rest)


def find_stage_set(codes: Collection[str]) -> StageSet | None:
    """Find the first set that has all these stages, None where they belong to different sets."""
    wanted = set(codes) - {UNSCORED}
    return next((candidate for candidate in STAGE_SETS if wanted <= set(candidate.codes)), None)


def translate_to_aasm(code: str) -> str:
    """Give the AASM stage for one of Rechtschaffen and Kales; every other code stays as it is."""
    return _RK_TO_AASM.get(code, code)


def translate(code: str, stage_set: StageSet) -> str:
    """Give the stage of a set that stands for one of another manual; ``UNSCORED`` where it has none.

    AASM's stages stand for Rechtschaffen and Kales's, and infants' NREM for N1 to N3.
    """
    for candidate in (code, translate_to_aasm(code), "N" if translate_to_aasm(code) in _NREM else code):
        if candidate in stage_set.codes:
            return candidate
    return UNSCORED
