"""A simulated infant that the tests of the simulator share."""

import pytest

from inference.simulate import Scenario, SimulatedCase, simulate_infant


@pytest.fixture(scope="session")
def case() -> SimulatedCase:
    """Four dense minutes of one infant, at a rate that is fast to make."""
    return simulate_infant(4, 240.0, 256.0, scenario=Scenario.dense())
