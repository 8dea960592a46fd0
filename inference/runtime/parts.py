"""A network in two parts: a fixed front end that looks at a stretch of signal once, and a body for each window."""

from collections.abc import Mapping, Sequence
from math import lcm

import numpy as np
from numpy.typing import NDArray

from inference.errors import ModelPackageError
from inference.runtime.package import BODY_NAME, FRONT_END_NAME, ModelPackage
from inference.runtime.session import Graph, choose_batch, run_to_outputs


class PartsSession:
    """A network that was exported in two parts, loaded and ready to run from any thread.

    What it answers for a window is what the whole graph answers, because its body looks at no feature that rests on
    samples beyond the window.

    Parameters
    ----------
    package, provider, threads : as `inference.runtime.session.Graph` takes them; the package must have parts.

    Attributes
    ----------
    card : what the package says of the network.
    frame_samples : by the name of each feature, how many samples one of its frames stands for.
    step_samples : windows begin on multiples of this, and a stretch is a multiple of it long.

    Raises
    ------
    ModelPackageError
        A part is damaged, was made for another runtime, or does not fit the windows of the card.
    """

    def __init__(self, package: ModelPackage, provider: str, threads: int | None = None) -> None:
        self.card = package.card
        self._front_end = Graph(package, provider, FRONT_END_NAME, threads)
        self._body = Graph(package, provider, BODY_NAME, threads)
        shapes = self.card.inputs.shapes
        self.window_samples = next(shapes[name][-1] for name in self._front_end.inputs)
        # What the body takes besides features are inputs of the whole graph, signals among them.
        self._cut = {name: shape for name, shape in self._body.inputs.items() if not name.endswith("_present")}
        frames = {name: shape[-1] for name, shape in self._cut.items()}
        if any(not n or self.window_samples % n for n in frames.values()):
            raise ModelPackageError(
                f"{package.folder / BODY_NAME} takes windows of {list(frames.values())} frames, which do not divide "
                f"the {self.window_samples} samples of a window."
            )
        self.frame_samples = {name: self.window_samples // n for name, n in frames.items() if n}
        self.step_samples = lcm(*self.frame_samples.values())

    @property
    def provider(self) -> str:
        """Where it truly runs, ``"cpu"`` or ``"cuda"``; both parts must, for the latter."""
        return "cuda" if self._front_end.provider == self._body.provider == "cuda" else "cpu"

    @property
    def problems(self) -> tuple[str, ...]:
        """Why it does not run where it was asked to."""
        return tuple(dict.fromkeys((*self._front_end.problems, *self._body.problems)))

    @property
    def batch_windows(self) -> int:
        """How many windows to give the body at once."""
        return choose_batch(self.card, self.provider)

    def features(self, signals: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Give what the body is shown of a stretch of signal.

        Parameters
        ----------
        signals : by name, (channels, samples) each, samples a multiple of ``step_samples``.

        Returns
        -------
        By name, (..., frames) each.

        Raises
        ------
        AnalysisError
            The front end failed.
        """
        names = self._front_end.outputs
        given = self._front_end.run(names, {name: signals[name][None] for name in self._front_end.inputs})
        features = {name: array[0] for name, array in zip(names, given, strict=True)}
        return {name: features[name] if name in features else signals[name] for name in self._cut}

    def cut(self, features: Mapping[str, NDArray[np.float32]], starts: Sequence[int]) -> dict[str, NDArray[np.float32]]:
        """Cut the windows that begin at some samples, multiples of ``step_samples``, out of the features."""
        cut = {}
        for name, values in features.items():
            frame = self.frame_samples[name]
            n_frames = self.window_samples // frame
            cut[name] = np.stack([values[..., at // frame : at // frame + n_frames] for at in starts])
        return cut

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Run the body over windows: features and what else it takes by name, (B, ...) each.

        Returns
        -------
        The card's outputs by name, as `inference.runtime.session.NetworkSession.run` gives them.

        Raises
        ------
        AnalysisError
            The body failed on this input.
        """
        return run_to_outputs(self._body, self.card, inputs)
