import numpy as np
import pytest
from numpy.polynomial import legendre

from inference.recordings.electrodes import IFCN_ELECTRODES, electrode_position
from inference.simulate.head import REFERENCES, TEN_TWENTY_ELECTRODES, Dipole, Head, dipole_potential


def test_radial_dipole_agrees_with_the_series_of_the_homogeneous_sphere():
    depth = 0.3
    dipole = Dipole.radial(electrode_position("C3"), depth)
    cosine = np.array([np.dot(electrode_position(e), electrode_position("C3")) for e in IFCN_ELECTRODES])
    orders = np.arange(200)
    series = np.where(orders > 0, (2 * orders + 1) * (1 - depth) ** (orders - 1.0), 0.0)
    np.testing.assert_allclose(dipole_potential(dipole, IFCN_ELECTRODES), legendre.legval(cosine, series), atol=1e-4)


def test_tangential_dipole_is_the_limit_of_two_opposite_radial_ones():
    place, towards = np.array([0.0, 0.0, 0.6]), np.array([0.0, 1.0, 0.0])
    tangential = dipole_potential(Dipole((0.0, 0.0, 0.6), (0.0, 1.0, 0.0)), IFCN_ELECTRODES)
    # Radial gradient of the same potential: moving the source sideways by a step and forming the difference must
    # agree with moving the moment, because the mixed derivatives of one potential are equal.
    step = 1e-5

    def radial(shift: float) -> np.ndarray:
        position = place + shift * towards
        unit = position / np.linalg.norm(position)
        return dipole_potential(Dipole(tuple(position), tuple(unit)), IFCN_ELECTRODES)

    def sideways(height: float) -> np.ndarray:
        return dipole_potential(Dipole((0.0, 0.0, height), (0.0, 1.0, 0.0)), IFCN_ELECTRODES)

    across = (radial(step) - radial(-step)) / (2 * step)
    along = (sideways(0.6 + step) - sideways(0.6 - step)) / (2 * step)
    # d/dy of dG/dr = d/dr of dG/dy + (dG/dy) / r on the sphere's own coordinates.
    np.testing.assert_allclose(across, along + tangential / 0.6, rtol=1e-4, atol=1e-5)


def test_a_field_peaks_at_one_before_the_reference_is_taken_off():
    head = Head(IFCN_ELECTRODES, "A1A2")
    field = head.field(Dipole.radial(electrode_position("Pz"), 0.3))
    assert IFCN_ELECTRODES[int(field.argmax())] == "Pz"
    # The ears are on the dark side of the source: the reference adds a little.
    assert 1.0 < field.max() < 1.5


def test_weights_of_a_reference_add_up_to_one():
    for weights in REFERENCES.values():
        assert sum(weights.values()) == pytest.approx(1.0)


def test_the_small_cap_is_the_ten_twenty_system():
    assert len(TEN_TWENTY_ELECTRODES) == 19
    assert set(TEN_TWENTY_ELECTRODES) <= set(IFCN_ELECTRODES)


def test_the_mirrored_source_of_the_left_is_on_the_right():
    left = Dipole.radial(electrode_position("C3"), 0.3)
    head = Head(IFCN_ELECTRODES, "FCz")
    assert IFCN_ELECTRODES[int(head.field(left.mirrored()).argmax())] == "C4"
