"""The networks of every kind with random weights, exported by the door that trained ones take."""

import hashlib
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn

import inference
from inference.models.dsmn_ess import DsmnConfig, DsmnEss
from inference.models.focus_localisation import FocusConfig, FocusLocalisation
from inference.models.sleep_staging import ELECTRODES, N_EPOCHS, SleepStagingConfig, SleepStagingNet
from inference.runtime.cards import ChannelInputs, EventRule, Inputs, OutputSpec, SleepInputs
from inference.runtime.package import ModelPackage, open_package
from inference.training.dsmn_ess import INPUTS as DSMN_INPUTS
from inference.training.dsmn_export import DsmnAnswers, describe_outputs
from inference.training.export import example_inputs, write_package
from inference.training.focus_export import OUTPUTS as FOCUS_OUTPUTS
from inference.training.focus_export import CalibratedFocus
from inference.training.sleep_export import OUTPUTS as SLEEP_OUTPUTS
from inference.training.sleep_export import CalibratedStaging
from tests.inference.training.cards import untrained_card

#: Met by every answer of a network that is never sure of anything: one seizure from end to end.
ALWAYS = EventRule("Epileptic-seizure", 0.01, 0.01, 1.0, 1.0, 2.0)
SLEEP_INPUTS = SleepInputs(
    eeg_electrodes=ELECTRODES,
    rate_hz=100.0,
    epoch_s=30.0,
    n_epochs=N_EPOCHS,
    lff_hz=0.3,
    hff_hz=35.0,
    n_regions=100,
    n_volumes=42,
    tr_s=2.1,
)
_SMALL_DSMN = DsmnConfig(lstm_width=4, widths_2d=(4,), widths_3d=(4,), shared_width=8, task_width=4)
_SMALL_FOCUS = FocusConfig(window_samples=1024, temporal_width=4, fused_width=4, hidden=(8, 4))
_SMALL_SLEEP = SleepStagingConfig(
    eeg_widths=(4, 4, 4), bold_widths=(4, 4), graph_width=4, graph_layers=1, width=8, hidden=8
)
FOCUS_INPUTS = ChannelInputs(rate_hz=_SMALL_FOCUS.rate_hz, window_s=_SMALL_FOCUS.window_samples / 256, hop_s=2.0)


def calibrated_networks() -> dict[str, nn.Module]:
    """Give small networks with their answers as packages have them, by name; every call gives the same weights."""
    torch.manual_seed(3)
    regions = torch.rand(100, 100).triu(1)
    modules: dict[str, nn.Module] = {
        "dsmn-ess": DsmnAnswers(DsmnEss(_SMALL_DSMN), {"syndrome": 0.1, "seizure": 0.1}),
        "focus-localisation": CalibratedFocus(FocusLocalisation(_SMALL_FOCUS), 0.2),
        "sleep-staging": CalibratedStaging(SleepStagingNet(_SMALL_SLEEP, regions + regions.T), 0.05),
    }
    return {name: module.eval() for name, module in modules.items()}


def find_networks(cache: Path) -> dict[str, ModelPackage]:
    """Give the packages of the networks as this source makes them, exported now or in an earlier run of the tests."""
    root = Path(inference.__file__).parent
    sources = [
        Path(__file__),
        *sorted((root / "models").rglob("*.py")),
        *sorted((root / "training").glob("*export.py")),
    ]
    sources += [root / "runtime" / name for name in ("cards.py", "package.py", "onnx_file.py")]
    key = hashlib.sha256(torch.__version__.encode())
    for source in sources:
        key.update(source.read_bytes())
    folder = cache / key.hexdigest()[:16]
    if not folder.exists():
        with TemporaryDirectory(dir=cache) as making:
            export_networks(Path(making) / "packages")
            (Path(making) / "packages").rename(folder)
    return {path.name: open_package(path) for path in sorted(folder.iterdir())}


def export_networks(folder: Path) -> None:
    """Write the networks as packages into a folder, each into one of its own name."""
    given: dict[str, tuple[Inputs, tuple[OutputSpec, ...]]] = {
        "dsmn-ess": (DSMN_INPUTS, describe_outputs(_SMALL_DSMN)),
        "focus-localisation": (FOCUS_INPUTS, FOCUS_OUTPUTS),
        "sleep-staging": (SLEEP_INPUTS, SLEEP_OUTPUTS),
    }
    for name, module in calibrated_networks().items():
        inputs, outputs = given[name]
        card = untrained_card(name, inputs, outputs)
        card = replace(card, events=ALWAYS if card.events else None)
        write_package(folder / name, module, example_inputs(inputs), module.network.state_dict(), card)
