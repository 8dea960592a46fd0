"""Physiological generators with ground truth."""

from inference.simulate.course import Scenario
from inference.simulate.infant import SimulatedCase, simulate_infant
from inference.simulate.patients import InfantPatient, draw_patient
from inference.simulate.truth import Role, Term, TruthEvent
from inference.simulate.writing import write_case

__all__ = [
    "InfantPatient",
    "Role",
    "Scenario",
    "SimulatedCase",
    "Term",
    "TruthEvent",
    "draw_patient",
    "simulate_infant",
    "write_case",
]
