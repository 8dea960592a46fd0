"""A small real network with the interface of the shipped ones: it finds bursts of muscle activity by their power."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

from inference.runtime.cards import EventRule, ModelCard, MontageInputs, OutputSpec, write_card
from inference.runtime.package import ONNX_NAME, WEIGHTS_NAME, ModelPackage, digest_file, open_package
from tests.inference.runtime.patients import SPEC

RULE = EventRule("Epileptic-spasm", 0.5, 0.3, 0.3, 1.0, 0.5)


def make_burst_package(
    folder: Path, name: str = "burst-finder", spec: MontageInputs = SPEC, rule: EventRule = RULE, task: str = "spasm"
) -> ModelPackage:
    """Make a package that answers where EMG power in the middle half second of a window is above 16 times rest."""
    folder = folder / name
    folder.mkdir(parents=True)
    onnx.save(build_burst_graph(spec), folder / ONNX_NAME)
    save_file({"rest": np.float32([16.0]), "steepness": np.float32([1.0])}, folder / WEIGHTS_NAME)
    card = ModelCard(
        name=name,
        title="Burst finder",
        version="1.0.0",
        inputs=spec,
        outputs=(OutputSpec("probability", task, ("no spasm", "spasm"), event_class="spasm"),),
        events=rule,
        calibration={"method": "none"},
        trained_on="nothing: its two constants were set by hand",
        simulated=True,
        metrics={},
        files={name: digest_file(folder / name) for name in (ONNX_NAME, WEIGHTS_NAME)},
    )
    write_card(folder, card)
    return open_package(folder)


def build_burst_graph(spec: MontageInputs = SPEC) -> onnx.ModelProto:
    n_eeg, n_samples = len(spec.eeg_electrodes), round(spec.window_s * spec.rate_hz)
    quarter_s = round(0.25 * spec.rate_hz)
    constants = {
        "middle_first": np.array([n_samples // 2 - quarter_s]),
        "middle_stop": np.array([n_samples // 2 + quarter_s]),
        "time_axis": np.array([2]),
        "slot_axis": np.array([1]),
        "all_axes": np.array([1, 2]),
        "rest": np.float32(16.0),
        "steepness": np.float32(1.0),
        "one": np.float32(1.0),
        "nothing": np.float32(0.0),
        "few": np.float32(1e-6),
    }
    nodes = [
        helper.make_node("Slice", ["emg", "middle_first", "middle_stop", "time_axis"], ["middle"]),
        helper.make_node("Mul", ["middle", "middle"], ["squared"]),
        helper.make_node("ReduceMean", ["squared", "time_axis"], ["power"], keepdims=0),
        helper.make_node("Mul", ["power", "emg_present"], ["seen_power"]),
        helper.make_node("ReduceSum", ["seen_power", "slot_axis"], ["sum"], keepdims=1),
        helper.make_node("ReduceSum", ["emg_present", "slot_axis"], ["count"], keepdims=1),
        helper.make_node("Add", ["count", "few"], ["count_or_few"]),
        helper.make_node("Div", ["sum", "count_or_few"], ["mean_power"]),
        helper.make_node("Sub", ["mean_power", "rest"], ["excess"]),
        helper.make_node("Mul", ["excess", "steepness"], ["logit"]),
        # EEG does not count here, but a graph must use its inputs.
        helper.make_node("ReduceMean", ["eeg", "all_axes"], ["eeg_mean"], keepdims=0),
        helper.make_node("Unsqueeze", ["eeg_mean", "slot_axis"], ["eeg_column"]),
        helper.make_node("ReduceMean", ["eeg_present", "slot_axis"], ["eeg_count"], keepdims=1),
        helper.make_node("Mul", ["eeg_column", "eeg_count"], ["eeg_seen"]),
        helper.make_node("Mul", ["eeg_seen", "nothing"], ["no_eeg"]),
        helper.make_node("Add", ["logit", "no_eeg"], ["answer"]),
        helper.make_node("Sigmoid", ["answer"], ["spasm"]),
        helper.make_node("Sub", ["one", "spasm"], ["no_spasm"]),
        helper.make_node("Concat", ["no_spasm", "spasm"], ["probability"], axis=1),
    ]
    shapes = {
        "eeg": ["windows", n_eeg, n_samples],
        "emg": ["windows", spec.n_emg, n_samples],
        "eeg_present": ["windows", n_eeg],
        "emg_present": ["windows", spec.n_emg],
    }
    graph = helper.make_graph(
        nodes,
        "burst-finder",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["windows", 2])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model
