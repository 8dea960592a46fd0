"""What a channel measures, told from its label, unit and transducer by the table ``resources/channels/kinds.tsv``.

The first row that fits decides. A row looks at one field (``label``, ``unit``, ``transducer``, or ``electrode``: the
label names one); ``needs`` and ``unless`` are patterns that some label of the same recording must, or must not, match.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache

from inference.recordings.electrodes import ElectrodeLabel, parse_electrode_label
from inference.recordings.recording import POTENTIALS, ChannelKind
from inference.recordings.tables import read_table
from inference.recordings.units import microvolts_per


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: ChannelKind
    field: str
    pattern: re.Pattern[str]
    needs: re.Pattern[str] | None
    unless: re.Pattern[str] | None

    def applies_among(self, labels: Collection[str]) -> bool:
        """Tell whether this rule has a say in a recording with these labels."""
        if self.needs is not None and not any(self.needs.search(label) for label in labels):
            return False
        return self.unless is None or not any(self.unless.search(label) for label in labels)

    def fits(self, fields: dict[str, str]) -> bool:
        """Tell whether this rule decides about a channel with these fields."""
        if self.kind in POTENTIALS and fields["unit"] and microvolts_per(fields["unit"]) is None:
            return False
        return bool(fields[self.field]) and self.pattern.search(fields[self.field]) is not None


def infer_kind(
    label: str, unit: str = "", transducer: str = "", *, labels: frozenset[str] = frozenset()
) -> ChannelKind | None:
    """Tell a channel's kind from its header, None where nothing in it tells.

    ``unit`` is the file's own; a potential has a unit of voltage or none. ``labels`` are those of the whole recording.
    """
    electrode = label if parse_electrode_label(label) != ElectrodeLabel() else ""
    fields = {"label": label.strip(), "unit": unit.strip(), "transducer": transducer.strip(), "electrode": electrode}
    return next((rule.kind for rule in _rules_among(labels) if rule.fits(fields)), None)


@lru_cache(maxsize=4)
def _rules_among(labels: frozenset[str]) -> tuple[_Rule, ...]:
    return tuple(rule for rule in _rules() if rule.applies_among(labels))


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(
        _Rule(
            ChannelKind(row["kind"]),
            row["field"],
            re.compile(row["pattern"], re.IGNORECASE),
            re.compile(row["needs"], re.IGNORECASE) if row["needs"] else None,
            re.compile(row["unless"], re.IGNORECASE) if row["unless"] else None,
        )
        for row in read_table("kinds.tsv")
    )
