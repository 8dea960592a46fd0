"""The terms that events may be labelled with: standard tags with a plain name, a key and a colour."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from inference.errors import LabelError


class TermKind(StrEnum):
    """What sort of thing a term names; only seizures are scored and written to SzCORE files."""

    SEIZURE = "seizure"
    PATTERN = "pattern"
    ARTIFACT = "artifact"
    STATE = "state"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Term:
    """One term.

    ``term_id`` is the HED-SCORE tag that names it best and is what annotations and detections carry as their label.
    ``hed`` is the whole HED annotation, ``szcore`` the SzCORE event type (None where SzCORE has none), ``key`` the
    single key that applies it (empty where it has none), ``role`` the name of its colour in the theme. ``aliases`` are
    other spellings under which programs write it.
    """

    term_id: str
    name: str
    kind: TermKind
    hed: str
    szcore: str | None
    key: str
    role: str
    aliases: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All terms in the order of the menus, and the HED schema that their tags come from."""

    version: str
    hed_version: str
    terms: tuple[Term, ...]
    by_spelling: Mapping[str, Term]


@cache
def load_vocabulary() -> Vocabulary:
    """Load the terms that ship in ``resources/vocabularies/events.json``."""
    source = resources.files("resources") / "vocabularies" / "events.json"
    fields = json.loads(source.read_text(encoding="utf-8"))
    terms = tuple(
        Term(
            term_id=entry["id"],
            name=entry["name"],
            kind=TermKind(entry["kind"]),
            hed=entry["hed"],
            szcore=entry["szcore"],
            key=entry["key"],
            role=entry["role"],
            aliases=tuple(entry["aliases"]),
            description=entry["description"],
        )
        for entry in fields["terms"]
    )
    # Spellings are compared with their case: in HED, Spasm is a muscle's contraction and not an epileptic spasm.
    by_spelling = {spelling: term for term in terms for spelling in (term.term_id, term.name, *term.aliases)}
    return Vocabulary(fields["version"], fields["hed"], terms, by_spelling)


def find_term(label: str) -> Term:
    """Find a term by its id, its plain name or another known spelling.

    Raises
    ------
    LabelError
        The vocabulary has no such term.
    """
    term = load_vocabulary().by_spelling.get(label.strip())
    if term is None:
        raise LabelError(f"The vocabulary has no term {label!r}.")
    return term


def is_seizure(event_type: str) -> bool:
    """Tell whether an event type, a term of the vocabulary or of SzCORE, names a seizure."""
    if event_type == "sz" or event_type.startswith("sz_"):
        return True
    term = load_vocabulary().by_spelling.get(event_type)
    return term is not None and term.kind is TermKind.SEIZURE
