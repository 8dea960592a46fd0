"""The rows of IESS-FusionNet's tables: what is trained, and what the paper says of it.

EEGNet and EEGConformer are braindecode's. It wants torchaudio, of which no build for the torch that is pinned here was
to be had; the two networks use nothing of it but its Python part. So it is installed apart from everything else:

    pip install --target PEERS --no-deps braindecode==1.8.1 torchaudio==2.11.0 PACKAGES
    rm PEERS/torchaudio/lib/*.so

where PACKAGES is all else that ``pip install --dry-run braindecode`` would add to this environment,
and ``--peers PEERS`` tells the benchmark where it is.
"""

import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor, nn

from inference.models.cost import Cost, measure_cost
from inference.models.iess_fusionnet import ABLATIONS, CLASSES, N_EMG, IessConfig, IessFusionNet
from inference.recordings.electrodes import IFCN_ELECTRODES
from tests.benchmarks.iess_windows import SMALLER, Windows

FULL = "IESS-FusionNet"
N_CHANNELS = len(IFCN_ELECTRODES) + N_EMG


@dataclass(frozen=True, slots=True)
class Paper:
    """What the paper's table 3 or 4 says: mean and standard deviation in per cent."""

    accuracy: tuple[float, float]
    specificity: tuple[float, float]
    sensitivity: tuple[float, float]


#: Feng et al. 2026, tables 3 (comparison, fusion, modality) and 4 (encoder), as printed.
PAPER: Mapping[str, Paper] = MappingProxyType(
    {
        "EEGConformer": Paper((77.5, 2.1), (82.1, 1.6), (72.9, 4.9)),
        "CosCNN": Paper((81.5, 0.8), (88.7, 1.8), (74.4, 2.2)),
        "LMDANet": Paper((84.3, 1.0), (91.4, 1.1), (77.2, 1.3)),
        "DARNet": Paper((81.2, 0.9), (86.7, 2.3), (75.7, 2.6)),
        FULL: Paper((89.5, 0.7), (90.7, 1.4), (88.3, 2.3)),
        "Concatenation": Paper((87.3, 1.2), (92.7, 0.7), (81.8, 3.1)),
        "Averaging": Paper((88.2, 0.8), (90.6, 2.1), (85.8, 1.9)),
        "Cross-Attention": Paper((88.1, 1.2), (89.9, 0.9), (86.3, 2.2)),
        "EEG-only": Paper((86.9, 1.6), (88.3, 3.5), (85.6, 1.5)),
        "EMG-only": Paper((62.4, 0.7), (76.7, 5.8), (48.1, 7.0)),
        "w/o CWT": Paper((81.8, 1.7), (89.3, 1.7), (74.3, 2.3)),
        "w/o ST-Conv": Paper((85.6, 1.2), (88.2, 2.5), (83.0, 0.7)),
        "w/o Bi-Mamba": Paper((87.7, 2.2), (91.9, 1.0), (83.6, 4.4)),
    }
)
#: Table 5: millions of parameters and billions of operations of a component.
PAPER_COST: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "Transformer": (0.78, 0.80),
        "Mamba": (0.17, 0.08),
        "Bi-Mamba": (0.25, 0.22),
        "Cross-Attention": (0.58, 1.43),
        "Cross Time-Mixing": (0.23, 0.75),
    }
)
#: The paper's tables, row by row; the last is of table 5, for which the paper gives costs alone.
TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Comparison": ("EEGNet", "EEGConformer", "CosCNN", "LMDANet", "DARNet", FULL),
        "Fusion": ("Concatenation", "Averaging", "Cross-Attention", FULL),
        "Modality": ("EEG-only", "EMG-only", FULL),
        "Encoder": (FULL, "w/o CWT", "w/o ST-Conv", "w/o Bi-Mamba"),
        "Sequence model": ("Transformer", "Mamba", FULL),
    }
)
PEERS = ("EEGNet", "EEGConformer")
#: Every row that is trained, the most telling first.
ROWS = (*ABLATIONS, *PEERS)
#: Rows that see the signals themselves.
ON_SIGNALS = frozenset({"w/o CWT", *PEERS})


class Peer(nn.Module):
    """A network for EEG that sees EMG as further channels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, eeg: Tensor, emg: Tensor, eeg_present: Tensor, emg_present: Tensor) -> Tensor:
        """Give logits, (batch, 2); a missing channel is 0."""
        signals = torch.cat((eeg * eeg_present[..., None], emg * emg_present[..., None]), dim=1)
        return self.network(signals)


def build(row: str, windows: Windows) -> nn.Module:
    """Build what a row trains, at the size of the comparison, standardised by the training windows."""
    if row in PEERS:
        return Peer(_PEERS_AT[row](SMALLER.window_samples, SMALLER.rate_hz))
    network = IessFusionNet(smaller(ABLATIONS[row]))
    if network.config.wavelets:
        for modality in network.config.modalities:
            encoder = getattr(network.body, modality.lower())
            features = torch.from_numpy(getattr(windows, f"{modality.lower()}_features")[::7]).float()
            encoder.set_standard(features.mean(dim=(0, 2, 3)), features.std(dim=(0, 2, 3)))
    return network.body


def smaller(config: IessConfig) -> IessConfig:
    """Give a configuration the size of the comparison."""
    kept = ("wavelets", "st_conv", "sequence", "fusion", "modalities")
    return replace(SMALLER, **{name: getattr(config, name) for name in kept})


def full_size_cost(row: str) -> Cost:
    """Count a row's parameters and operations for a window of 4 s at 256 Hz."""
    config = IessConfig()
    signals = torch.zeros(1, len(IFCN_ELECTRODES), config.window_samples), torch.zeros(1, N_EMG, config.window_samples)
    present = torch.ones(1, len(IFCN_ELECTRODES)), torch.ones(1, N_EMG)
    network = (
        Peer(_PEERS_AT[row](config.window_samples, config.rate_hz)) if row in PEERS else IessFusionNet(ABLATIONS[row])
    )
    return measure_cost(network, *signals, *present)


def component_costs() -> dict[str, Cost]:
    """Count what the components of the paper's table 5 cost in both streams, at full size."""
    costs = {}
    for component, row, parts in (
        ("Transformer", "Transformer", ("eeg.bi_mamba", "emg.bi_mamba")),
        ("Mamba", "Mamba", ("eeg.bi_mamba", "emg.bi_mamba")),
        ("Bi-Mamba", FULL, ("eeg.bi_mamba", "emg.bi_mamba")),
        ("Cross-Attention", "Cross-Attention", ("eeg_asks_emg", "emg_asks_eeg")),
        ("Cross Time-Mixing", FULL, ("eeg_asks_emg", "emg_asks_eeg")),
    ):
        body = IessFusionNet(ABLATIONS[row]).body
        tokens = torch.zeros(1, IessConfig().window_frames // 2, IessConfig().width)
        inputs = (tokens,) if "bi_mamba" in parts[0] else (tokens, tokens)
        found = [measure_cost(body.get_submodule(part), *inputs) for part in parts]
        costs[component] = Cost(sum(cost.n_parameters for cost in found), sum(cost.n_flops for cost in found))
    return costs


def find_peers(folder: Path | None) -> str:
    """Make braindecode importable from where it was installed, and give its version.

    Raises
    ------
    ImportError
        It is not there, or does not load.
    """
    if folder is not None:
        sys.path.append(str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import braindecode
    return str(braindecode.__version__)


def _eegnet(n_samples: int, rate_hz: float) -> nn.Module:
    from braindecode.models import EEGNet

    return EEGNet(n_chans=N_CHANNELS, n_outputs=len(CLASSES), n_times=n_samples, sfreq=rate_hz)


def _eegconformer(n_samples: int, rate_hz: float) -> nn.Module:
    from braindecode.models import EEGConformer

    return EEGConformer(n_chans=N_CHANNELS, n_outputs=len(CLASSES), n_times=n_samples, sfreq=rate_hz)


_PEERS_AT: Mapping[str, Callable[[int, float], nn.Module]] = MappingProxyType(
    {"EEGNet": _eegnet, "EEGConformer": _eegconformer}
)
