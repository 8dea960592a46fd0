"""The information-sharing gate between two tasks."""

import torch
from torch import Tensor
from torch.nn import functional


def share_information(giver: Tensor, receiver: Tensor) -> Tensor:
    """Add to one task's features what the gate lets through of the other's: ``x_t2 + softmax(relu(x_t1)) * x_t1``.

    Source: Cao et al. 2023, section II-E, equation 13 and figure 7. The equation prints a sigmoid where the text and
    the figure have a ReLU; this is the ReLU, which leaves useless features no more than the smallest share.

    Parameters
    ----------
    giver, receiver : (batch, features) of the two tasks.

    Returns
    -------
    (batch, features), what the receiver's next layer takes.
    """
    return receiver + torch.softmax(functional.relu(giver), dim=-1) * giver
