"""Simulated patients with an epileptic focus: which channels lie over it, and what each channel shows when."""

from inference.simulate.foci.case import FocusCase, simulate_focus
from inference.simulate.foci.patients import FocusPatient, Site, draw_focus_patient
from inference.simulate.foci.terms import FocusTerm

__all__ = ["FocusCase", "FocusPatient", "FocusTerm", "Site", "draw_focus_patient", "simulate_focus"]
