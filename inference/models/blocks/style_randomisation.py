"""Style-feature randomisation: what a patient's amplifier and amplitude look like is shuffled within the batch.

Source: Yang et al. 2023, Front. Comput. Neurosci. 17:1294770, equations 1 to 3, after permuted AdaIN (Nuriel et al.
2021, CVPR).
"""

import torch
from torch import Tensor, nn

EPSILON = 1e-5
#: Equation 3 as printed normalises by shuffled statistics; the work that it cites removes a sample's own ones first.
STYLES = ("equation 3", "permuted AdaIN")


def style_of(x: Tensor) -> tuple[Tensor, Tensor]:
    """Give mean and standard deviation of every sub-band of every sample: equations 1 and 2.

    Parameters
    ----------
    x : (batch, sub-bands, samples).

    Returns
    -------
    Two tensors (batch, sub-bands, 1).
    """
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x - mean).square().mean(dim=-1, keepdim=True)
    return mean, torch.sqrt(variance + EPSILON)


def restyle(x: Tensor, mean: Tensor, deviation: Tensor, style: str) -> Tensor:
    """Give ``x``, (batch, sub-bands, samples), in a style given as `style_of` gives it."""
    if style == "equation 3":
        return (x - mean) / deviation
    own_mean, own_deviation = style_of(x)
    return (x - own_mean) / own_deviation * deviation + mean


class StyleRandomisation(nn.Module):
    """Normalise each sample's sub-bands by the statistics of another sample of the batch."""

    def __init__(self, style: str = STYLES[0]) -> None:
        super().__init__()
        if style not in STYLES:
            raise ValueError(f"style must be one of {STYLES}, not {style!r}")
        self.style = style

    def forward(self, x: Tensor, order: Tensor | None = None) -> Tensor:
        """Give ``x`` in the style of ``x[order]``.

        Parameters
        ----------
        x : (batch, sub-bands, samples).
        order : (batch,) a permutation; drawn at random where it is not given.
        """
        if order is None:
            order = torch.randperm(x.shape[0], device=x.device)
        mean, deviation = style_of(x)
        return restyle(x, mean[order], deviation[order], self.style)
