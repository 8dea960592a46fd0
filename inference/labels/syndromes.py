"""Epilepsy syndromes by the names that the ILAE gave them in 2022, from the codes that papers and networks use."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Syndrome:
    """One syndrome: ``code`` as networks know it, ``name`` and ``short`` as the ILAE writes them."""

    code: str
    name: str
    short: str


@cache
def load_syndromes() -> Mapping[str, Syndrome]:
    """Load the syndromes of ``resources/vocabularies/syndromes.json``, by code."""
    source = resources.files("resources") / "vocabularies" / "syndromes.json"
    rows = json.loads(source.read_text(encoding="utf-8"))["syndromes"]
    return MappingProxyType({row["code"]: Syndrome(row["code"], row["name"], row["short"]) for row in rows})


def find_syndrome(code: str) -> Syndrome:
    """Give the syndrome of a code; a code that the ILAE does not know is its own name."""
    return load_syndromes().get(code, Syndrome(code, code, code))
