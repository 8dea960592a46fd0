"""A second generator of infants with epileptic spasms, to examine networks with and never to train them on.

It shares no code with the first one: only the values that say what is true (``TruthEvent``) are the same. Cortex is a
field of neural masses, heads are layered spheres, muscles are pools of motor units.
"""

from inference.simulate.independent.case import IndependentCase, generate_infant
from inference.simulate.independent.infant import Infant, draw_infant

__all__ = ["IndependentCase", "Infant", "draw_infant", "generate_infant"]
