"""From neural activity to BOLD: the balloon and the windkessel.

Sources: Friston et al. 2003, NeuroImage 19:1273, equations 3 to 6 (vasodilatation, inflow, volume, deoxyhaemoglobin,
and the signal with k1 = 7 rho, k2 = 2, k3 = 2 rho - 0.2). Flow, volume and deoxyhaemoglobin are integrated as
logarithms, so that none of them can become negative (Stephan et al. 2008, NeuroImage 42:649, equation 9).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Balloon:
    """The constants of a vascular bed.

    ``rho`` is the oxygen that blood leaves behind at rest, ``alpha`` Grubb's stiffness, ``v0`` the blood's share of the
    volume at rest, ``gamma_per_s`` and ``kappa_per_s`` the rates of feedback on flow and of decay of the dilating
    signal, ``tau_s`` the mean transit time.
    """

    rho: float = 0.34
    alpha: float = 0.32
    v0: float = 0.02
    gamma_per_s: float = 0.41
    kappa_per_s: float = 0.65
    tau_s: float = 0.98

    def respond(self, neural: ArrayLike, step_s: float) -> NDArray[np.float64]:
        """Give the BOLD signal as a share of its mean, (n, regions), from activity (n, regions) every ``step_s``.

        Rest is an activity of 0, and the first sample is at rest. An activity that lasts changes flow by that activity
        divided by ``gamma_per_s``: at less than ``-gamma_per_s`` there is no blood left and the signal is not finite.
        Integrated by Runge and Kutta's fourth-order rule, with the activity held over each step.
        """
        drive = np.asarray(neural, dtype=np.float64)
        state = np.zeros((4, *drive.shape[1:]))
        signal = np.empty_like(drive)
        for index, activity in enumerate(drive):
            signal[index] = self._signal(state)
            first = self._slope(state, activity)
            second = self._slope(state + 0.5 * step_s * first, activity)
            third = self._slope(state + 0.5 * step_s * second, activity)
            fourth = self._slope(state + step_s * third, activity)
            state = state + (step_s / 6.0) * (first + 2.0 * second + 2.0 * third + fourth)
        return signal

    def _slope(self, state: NDArray[np.float64], activity: NDArray[np.float64]) -> NDArray[np.float64]:
        dilating, log_flow, log_volume, log_deoxy = state
        flow, volume = np.exp(log_flow), np.exp(log_volume)
        outflow = volume ** (1.0 / self.alpha)
        extraction = (1.0 - (1.0 - self.rho) ** (1.0 / flow)) / self.rho
        slope: NDArray[np.float64] = np.stack(
            [
                activity - self.kappa_per_s * dilating - self.gamma_per_s * (flow - 1.0),
                dilating / flow,
                (flow - outflow) / (self.tau_s * volume),
                (flow * extraction / np.exp(log_deoxy) - outflow / volume) / self.tau_s,
            ]
        )
        return slope

    def _signal(self, state: NDArray[np.float64]) -> NDArray[np.float64]:
        volume, deoxy = np.exp(state[2]), np.exp(state[3])
        k1, k2, k3 = 7.0 * self.rho, 2.0, 2.0 * self.rho - 0.2
        signal: NDArray[np.float64] = self.v0 * (k1 * (1 - deoxy) + k2 * (1 - deoxy / volume) + k3 * (1 - volume))
        return signal
