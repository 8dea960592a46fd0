import pytest
from hed import HedString, load_schema_version
from hed.schema import hed_schema_io

from inference.errors import LabelError
from inference.labels.vocabulary import TermKind, find_term, is_seizure, load_vocabulary


@pytest.fixture(scope="module")
def schema():
    folder = hed_schema_io.hed_cache.INSTALLED_CACHE_LOCATION
    return load_schema_version(load_vocabulary().hed_version, xml_folder=folder)


@pytest.mark.parametrize("term", load_vocabulary().terms, ids=lambda term: term.term_id)
def test_every_term_is_a_tag_of_the_hed_score_schema(schema, term):
    for text in (term.term_id, term.hed):
        issues = HedString(text, schema).validate()
        assert not issues, issues


def test_keys_are_single_and_belong_to_one_term_each():
    keys = [term.key for term in load_vocabulary().terms if term.key]
    assert all(len(key) == 1 for key in keys)
    assert len(set(keys)) == len(keys)


def test_every_seizure_and_nothing_else_has_a_szcore_type():
    for term in load_vocabulary().terms:
        assert (term.szcore is not None) == (term.kind is TermKind.SEIZURE), term.term_id


def test_spellings_that_programs_use_find_the_spasm():
    for spelling in ("Epileptic-spasm", "Epileptic spasm", "spasm"):
        assert find_term(spelling).term_id == "Epileptic-spasm"


def test_a_muscle_spasm_is_not_taken_for_an_epileptic_one():
    assert not is_seizure("Spasm")
    with pytest.raises(LabelError, match="no term 'Spasm'"):
        find_term("Spasm")


def test_szcore_types_and_seizure_terms_are_seizures_and_background_is_not():
    assert is_seizure("sz") and is_seizure("sz_foc_ia") and is_seizure("Epileptic-spasm")
    assert not is_seizure("bckg") and not is_seizure("Sucking-artifact") and not is_seizure("szene")
