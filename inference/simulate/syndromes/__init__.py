"""Children with one of six epilepsy syndromes, between and in their seizures, as 21 channels of EEG."""

from inference.simulate.syndromes.case import SyndromeCase, simulate_syndrome
from inference.simulate.syndromes.children import Child, Syndrome, draw_child
from inference.simulate.syndromes.terms import SyndromeTerm
from inference.simulate.syndromes.timetable import Schedule

__all__ = ["Child", "Schedule", "Syndrome", "SyndromeCase", "SyndromeTerm", "draw_child", "simulate_syndrome"]
