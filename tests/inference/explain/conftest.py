import pytest

from tests.inference.explain.cases import ExplainedCase, open_case


@pytest.fixture(scope="session")
def explained() -> ExplainedCase:
    return open_case()
