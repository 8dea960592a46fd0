"""Which regions of the brain the stage of an epoch rests on: each region's signal taken away, and the network asked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.errors import AnalysisError
from inference.labels.detections import ModelReference
from inference.recordings.recording import Recording
from inference.runtime.cards import SleepInputs
from inference.runtime.package import ModelPackage
from inference.runtime.reading import carry_on
from inference.runtime.session import NetworkSession
from inference.runtime.sleep_inputs import BoldSignals, SleepPreparer

#: Epochs that go through the network at once: enough to share the cost of a run, few enough to stop between them.
_BATCH: Final = 8
_LEAST_PROBABILITY: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class RegionRelevance:
    """How much each region's signal spoke for the stage that a network gave an epoch.

    Attributes
    ----------
    model : which weights spoke.
    stage : the most probable stage, which is explained; ``probability`` that of it.
    onset_s, duration_s : the epoch, on the recording's clock.
    by_region : (regions,) float32, by how much the log odds of the stage fall when the region's signal is replaced by
        its mean over the run: positive speaks for the stage. NaN for a region without a signal.
    without_fmri : the log odds that all of the fMRI adds: how much they fall when none is given.
    """

    model: ModelReference
    stage: str
    probability: float
    onset_s: float
    duration_s: float
    by_region: NDArray[np.float32]
    without_fmri: float


class RegionOccluder:
    """Explains the epochs of one recording with one fMRI run, by occlusion through ONNX Runtime.

    Making one reads epochs all over the recording, as staging does.

    Parameters
    ----------
    recording, bold : what was staged.
    package : the network that staged it.
    checkpoint : called between pieces of work; an exception that it raises ends the work.

    Use it from one thread at a time.

    Raises
    ------
    AnalysisError
        The network stages no sleep, or knows other regions.
    ModelPackageError
        The network is damaged.
    """

    def __init__(
        self,
        recording: Recording,
        bold: BoldSignals,
        package: ModelPackage,
        provider: str = "auto",
        checkpoint: Callable[[], None] = carry_on,
    ) -> None:
        spec = package.card.inputs
        if not isinstance(spec, SleepInputs):
            raise AnalysisError(f"{package.card.title} stages no sleep: no region speaks for what it says.")
        self._spec, self._package = spec, package
        self._session = NetworkSession(package, provider)
        self._checkpoint = checkpoint
        self._preparer = SleepPreparer(recording, spec, bold=bold, checkpoint=self._go_on)
        self._has_signal = np.isfinite(bold.series).any(axis=0)

    def explain(self, time_s: float, checkpoint: Callable[[], None] = carry_on) -> RegionRelevance:
        """Explain the stage of the epoch in which a time lies; ``checkpoint`` as of the class.

        Raises
        ------
        AnalysisError
            There is no whole epoch, or no fMRI through the whole of it, or the network failed.
        RecordingError
            The file can no longer be read.
        """
        self._checkpoint = checkpoint
        epoch = int(time_s // self._spec.epoch_s)
        if not 0 <= epoch < self._preparer.n_epochs:
            raise AnalysisError("There is no whole epoch at this time.")
        inputs = self._preparer.gather(epoch, epoch + 1)
        if not inputs["bold_present"].any():
            raise AnalysisError("The fMRI run does not cover this epoch.")
        bare = {**inputs, "bold": np.zeros_like(inputs["bold"]), "bold_present": np.zeros_like(inputs["bold_present"])}
        probability = self._ask(inputs)[0]
        stage = int(probability.argmax())
        whole = _log_odds(probability[stage])
        by_region = np.full(self._spec.n_regions, np.nan, dtype=np.float32)
        alive = np.flatnonzero(self._has_signal)
        for start in range(0, len(alive), _BATCH):
            self._go_on()
            regions = alive[start : start + _BATCH]
            given = {name: np.repeat(values, len(regions), axis=0) for name, values in inputs.items()}
            given["bold"][np.arange(len(regions)), regions] = 0.0
            by_region[regions] = whole - _log_odds(self._ask(given)[:, stage])
        has_eeg = bool(inputs["eeg_present"].any())
        return RegionRelevance(
            self._package.reference,
            self._package.card.classes[stage],
            float(probability[stage]),
            epoch * self._spec.epoch_s,
            self._spec.epoch_s,
            by_region,
            float(whole - _log_odds(self._ask(bare)[0, stage])) if has_eeg else float("nan"),
        )

    def _go_on(self) -> None:
        """Let the work go on, or end it: whoever asked last decides."""
        self._checkpoint()

    def _ask(self, inputs: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        return self._session.run(inputs)[self._package.card.answer.name]


def _log_odds(probability: NDArray[np.floating] | np.floating) -> NDArray[np.float64]:
    bounded = np.clip(np.asarray(probability, dtype=np.float64), _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    return np.asarray(np.log(bounded / (1 - bounded)))
