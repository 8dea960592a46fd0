"""What ONNX Runtime computes against torch and against double precision, at three lengths.

A graph is exported for the window of its card. IESS-FusionNet's paper leaves that length open, so its graphs are tried
at three (the shipped one also in ``test_export.py``). The windows of the other three networks are part of what their
papers or their field fix (4 s; 1024 samples; epochs of 30 s), so their tests try three numbers of windows instead.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from inference.models.blocks.selective_scan import selective_scan
from inference.models.blocks.time_mixing import weighted_key_value
from inference.models.iess_fusionnet import IessConfig, IessFusionNet
from inference.training.graph_export import EXAMPLE_WINDOWS, export_graph
from inference.training.iess_export import Calibrated
from tests.inference.models.test_blocks import scan_by_definition, weighted_key_value_by_definition

#: As in the shipped configuration: directions, features of each, states, and features of the fused streams.
N_DIRECTIONS, N_INNER, N_STATES, WIDTH = 2, 256, 16, 128


class Scan(nn.Module):
    """The shipped scan as a module, for the exporter."""

    def __init__(self) -> None:
        super().__init__()
        self.decay = -torch.arange(1.0, N_STATES + 1).expand(N_DIRECTIONS, N_INNER, N_STATES)

    def forward(self, x: Tensor, delta: Tensor, b: Tensor, c: Tensor) -> Tensor:
        return selective_scan(x, delta, self.decay, b, c)


class Average(nn.Module):
    """The shipped average over the past as a module, for the exporter."""

    def __init__(self) -> None:
        super().__init__()
        self.rates, self.bonus = torch.exp(torch.linspace(-5, 1, WIDTH)), torch.linspace(-1, 1, WIDTH)

    def forward(self, key: Tensor, value: Tensor) -> Tensor:
        return weighted_key_value(key, value, self.rates, self.bonus)


def run_in_onnx(path: Path, module: nn.Module, example: tuple[Tensor, ...]) -> Callable[..., np.ndarray]:
    names = [f"input_{index}" for index in range(len(example))]
    export_graph(path, module, dict(zip(names, example, strict=True)), ["output"])
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])

    def run(*inputs: Tensor) -> np.ndarray:
        return session.run(None, {name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)})[0]

    return run


def scan_inputs(n_windows: int, n_time: int) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(n_windows)

    def normal(*shape: int) -> Tensor:
        return torch.randn(n_windows, n_time, N_DIRECTIONS, *shape, generator=generator)

    return normal(N_INNER), nn.functional.softplus(normal(N_INNER) - 2), normal(N_STATES), normal(N_STATES)


@pytest.mark.parametrize("n_time", [32, 64, 128])
def test_the_exported_scan_agrees_with_double_precision_at_three_lengths(tmp_path, n_time):
    scan = Scan()
    run = run_in_onnx(tmp_path / "scan.onnx", scan, scan_inputs(EXAMPLE_WINDOWS, n_time))
    for n_windows in (1, 2):
        x, delta, b, c = scan_inputs(n_windows, n_time)
        expected = scan_by_definition(*(tensor.double() for tensor in (x, delta, scan.decay, b, c)))
        assert np.abs(run(x, delta, b, c) - expected.numpy()).max() <= 1e-5
        assert (scan(x, delta, b, c) - expected).abs().max() <= 1e-5


@pytest.mark.parametrize("n_time", [32, 64, 128])
def test_the_exported_weighted_key_value_agrees_with_double_precision_at_three_lengths(tmp_path, n_time):
    average = Average()
    run = run_in_onnx(tmp_path / "average.onnx", average, tuple(torch.randn(2, EXAMPLE_WINDOWS, n_time, WIDTH)))
    for n_windows in (1, 2):
        inputs = torch.randn(2, n_windows, n_time, WIDTH, generator=torch.Generator().manual_seed(n_windows))
        expected = weighted_key_value_by_definition(
            *(tensor.double() for tensor in (*inputs, average.rates, average.bonus))
        )
        assert np.abs(run(*inputs) - expected.numpy()).max() <= 1e-5


@pytest.mark.parametrize("window_s", [2.0, 8.0])
def test_iess_fusionnet_in_onnx_gives_torchs_probabilities_at_other_lengths(tmp_path, window_s):
    torch.manual_seed(2)
    n_samples = round(window_s * 256)
    network = IessFusionNet(IessConfig(window_samples=n_samples, width=16, temporal_width=8, n_states=4)).eval()
    answer = Calibrated(network, temperature=0.05)

    def windows(n: int) -> tuple[Tensor, ...]:
        generator = torch.Generator().manual_seed(n)
        signals = (torch.randn(n, n_channels, n_samples, generator=generator) for n_channels in (25, 4))
        present = ((torch.rand(n, n_channels, generator=generator) > 0.3).float() for n_channels in (25, 4))
        return *signals, *present

    run = run_in_onnx(tmp_path / "model.onnx", answer, windows(EXAMPLE_WINDOWS))
    for n_windows in (1, 4):
        with torch.no_grad():
            expected = answer(*windows(n_windows)).numpy()
        np.testing.assert_allclose(run(*windows(n_windows)), expected, atol=1e-4, rtol=0)
