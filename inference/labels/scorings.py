"""Scorings: the hypnogram of one scorer as a study keeps it, and how it is spelled in a journal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inference.labels.hypnograms import Hypnogram
from inference.labels.stage_set_file import stage_set_from_json, stage_set_to_json


@dataclass(frozen=True, slots=True)
class Scoring:
    """What one person says about the sleep of a recording; ``hypnogram.scorer`` is who.

    ``source`` names the file that it was read from, empty for what was scored in the study itself. ``made`` is UTC.
    """

    scoring_id: str
    hypnogram: Hypnogram
    made: datetime
    source: str = ""

    @property
    def scorer(self) -> str:
        """Who scored."""
        return self.hypnogram.scorer


def scoring_to_json(scoring: Scoring) -> dict[str, Any]:
    """Give a scoring as JSON values; the stages as one text, for there are thousands."""
    hypnogram = scoring.hypnogram
    return {
        "scoring_id": scoring.scoring_id,
        "stages": " ".join(hypnogram.stages),
        "epoch_s": hypnogram.epoch_s,
        "onset_s": hypnogram.onset_s,
        "stage_set": stage_set_to_json(hypnogram.stage_set),
        "scorer": hypnogram.scorer,
        "made": scoring.made.isoformat(),
        "source": scoring.source,
    }


def scoring_from_json(fields: Mapping[str, Any]) -> Scoring:
    """Read a scoring; KeyError, TypeError or ValueError where the fields are not those of one."""
    hypnogram = Hypnogram(
        stages=tuple(fields["stages"].split()),
        epoch_s=fields["epoch_s"],
        onset_s=fields["onset_s"],
        stage_set=stage_set_from_json(fields["stage_set"]),
        scorer=fields["scorer"],
    )
    return Scoring(fields["scoring_id"], hypnogram, datetime.fromisoformat(fields["made"]), fields["source"])
