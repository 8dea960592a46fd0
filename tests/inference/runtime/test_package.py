import json
import struct
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

from inference.errors import ModelPackageError
from inference.runtime.cards import (
    CARD_FORMAT,
    CARD_NAME,
    ChannelInputs,
    EventRule,
    ModelCard,
    NetworkCost,
    OutputSpec,
    SleepInputs,
    read_card,
    write_card,
)
from inference.runtime.onnx_file import outline_graph
from inference.runtime.package import ONNX_NAME, WEIGHTS_NAME, digest_file, open_package
from inference.runtime.registry import SHIPPED_FOLDER
from inference.runtime.session import NetworkSession
from tests.inference.runtime.packages import build_burst_graph, make_burst_package

INPUTS = ChannelInputs(rate_hz=4.0, window_s=1.0, hop_s=1.0)
CARD = ModelCard(
    name="two",
    title="Two",
    version="1.0.0",
    inputs=INPUTS,
    outputs=(OutputSpec("probability", "focus", ("no", "yes")),),
    events=None,
    calibration={},
    trained_on="nothing",
    simulated=True,
    metrics={},
)


def make_model(
    *nodes: onnx.NodeProto, weight: np.ndarray | TensorProto | None = None, opset: int = 20, domain: str = ""
) -> onnx.ModelProto:
    """Make a graph from ``signal`` (windows, 4) to ``probability`` (windows, 2); ``weight`` is its (4, 2) matrix."""
    if weight is None:
        weight = np.zeros((4, 2), np.float32)
    tensor = weight if isinstance(weight, TensorProto) else numpy_helper.from_array(weight, "weight")
    nodes = nodes or (helper.make_node("MatMul", ["signal", "weight"], ["probability"]),)
    graph = helper.make_graph(
        nodes,
        "two",
        [helper.make_tensor_value_info("signal", TensorProto.FLOAT, ["windows", 4])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["windows", 2])],
        [tensor],
    )
    opsets = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def write_package(folder, model: onnx.ModelProto | bytes, weights=None, card: ModelCard = CARD):
    """Write a package whose digests are right, whatever is wrong with it."""
    folder.mkdir(exist_ok=True)
    content = model if isinstance(model, bytes) else model.SerializeToString()
    (folder / ONNX_NAME).write_bytes(content)
    if isinstance(weights, bytes):
        (folder / WEIGHTS_NAME).write_bytes(weights)
    else:
        save_file(weights or {"weight": np.zeros((4, 2), np.float32)}, folder / WEIGHTS_NAME)
    return seal(folder, card)


def seal(folder, card: ModelCard):
    write_card(folder, replace(card, files={n: digest_file(folder / n) for n in (ONNX_NAME, WEIGHTS_NAME)}))
    return folder


def refusal(folder) -> str:
    """Give the sentence with which a package is refused, at the latest when it would be loaded."""
    with pytest.raises(ModelPackageError) as caught:
        NetworkSession(open_package(folder), "cpu")
    sentence = str(caught.value)
    assert str(folder) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_a_sound_package_is_loaded(tmp_path):
    session = NetworkSession(open_package(write_package(tmp_path, make_model())), "cpu")
    found = session.run({"signal": np.ones((3, 4), np.float32)})
    assert found["probability"].shape == (3, 2)


# --- the card -------------------------------------------------------------------------------------------------------


def test_a_card_of_every_kind_is_read_as_it_was_written(tmp_path):
    electrodes = ("C3", "C4")
    sleep = SleepInputs(electrodes, 100.0, 30.0, 3, 0.3, 35.0, 100, 42, 2.1, notch_hz="mains")
    papers = MappingProxyType({"LSTM": NetworkCost(5)})
    rule = EventRule("Seizure", 0.5, 0.3, 4.0, 4.0, 2.0)
    answer = OutputSpec("probability", "seizure", ("interictal", "seizure"), event_class="seizure")
    weights = OutputSpec("weights", classes=electrodes, measures="attention")
    for card in (
        CARD,
        replace(
            CARD,
            inputs=sleep,
            cost={"network": NetworkCost(10, 20)},
            paper_cost=papers,
        ),
        replace(open_package(SHIPPED_FOLDER / "iess-fusionnet").card, events=rule, outputs=(weights, answer)),
    ):
        write_card(tmp_path, card)
        assert read_card(tmp_path) == card
    assert (card.task, card.classes) == ("seizure", ("interictal", "seizure"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"card_format": CARD_FORMAT + 1}, "a newer version"),
        ({"card_format": CARD_FORMAT - 1}, "an older version"),
        ({"inputs": {"kind": "smell"}}, "'smell' is missing or unknown"),
        ({"inputs": {"kind": "channel", "rate_hz": 0, "window_s": 1, "hop_s": 1}}, "rate_hz is 0"),
        ({"inputs": {"kind": "channel", "rate_hz": "fast", "window_s": 1, "hop_s": 1}}, "not a valid model card"),
        ({"inputs": {"kind": "channel", "rate_hz": 4, "window_s": 1, "hop_s": 1, "notch_hz": "hum"}}, "notch_hz"),
        ({"outputs": []}, "no output answers a task"),
        ({"outputs": [{"name": "x", "task": "focus", "classes": []}]}, "neither answers a task"),
        ({"events": {"label": "Seizure"}}, "not a valid model card"),
        ({"favourite_colour": "green"}, "not a valid model card"),
        ({"files": {}}, "no digest of model.onnx"),
        ({"files": {ONNX_NAME: "../card.json", "../card.json": ""}}, "no digest of weights.safetensors"),
    ],
)
def test_a_card_that_is_not_right_is_refused(tmp_path, change, told):
    write_package(tmp_path, make_model())
    path = tmp_path / CARD_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert told in refusal(tmp_path)


def test_a_card_that_is_not_there_or_not_json_is_refused(tmp_path):
    assert "is not a model package" in refusal(tmp_path)
    (tmp_path / CARD_NAME).write_text("{")
    assert "is not a valid model card" in refusal(tmp_path)


# --- the files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [ONNX_NAME, WEIGHTS_NAME])
def test_a_file_that_is_missing_or_altered_is_refused(tmp_path, name):
    path = write_package(tmp_path, make_model()) / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "SHA-256 differs" in refusal(tmp_path)
    path.unlink()
    assert f"{name} cannot be read" in refusal(tmp_path)


def test_a_file_outside_the_package_is_refused(tmp_path):
    folder = write_package(tmp_path / "package", make_model())
    (tmp_path / "elsewhere").write_bytes(b"")
    card = read_card(folder)
    write_card(folder, replace(card, files={**card.files, "../elsewhere": digest_file(tmp_path / "elsewhere")}))
    assert "outside the package" in refusal(folder)


@pytest.mark.parametrize(
    ("takes", "gives", "told"),
    [
        ("waves", "probability", "takes waves where its card says signal"),
        ("signal", "chance", "gives chance where its card says probability"),
    ],
)
def test_inputs_and_outputs_of_other_names_are_refused(tmp_path, takes, gives, told):
    model = make_model(helper.make_node("MatMul", [takes, "weight"], [gives]))
    model.graph.input[0].name, model.graph.output[0].name = takes, gives
    assert told in refusal(write_package(tmp_path, model))


def test_a_missing_and_an_unknown_input_are_refused(tmp_path):
    model = build_burst_graph()
    card = make_burst_package(tmp_path).card
    without_emg = replace(card, inputs=replace(card.inputs, n_emg=0))
    told = refusal(write_package(tmp_path, model, card=without_emg))
    assert "takes eeg, emg, eeg_present, emg_present where its card says eeg, eeg_present" in told
    told = refusal(write_package(tmp_path, make_model(), card=without_emg))
    assert "takes signal where its card says eeg, eeg_present" in told


def test_a_missing_output_is_refused(tmp_path):
    gate = OutputSpec("gate", measures="share of the EEG")
    folder = write_package(tmp_path, make_model(), card=replace(CARD, outputs=(*CARD.outputs, gate)))
    assert "gives probability where its card says probability, gate" in refusal(folder)


def test_windows_of_another_shape_are_refused(tmp_path):
    folder = write_package(tmp_path, make_model(), card=replace(CARD, inputs=replace(INPUTS, rate_hz=8.0)))
    assert "where its card says float windows of [8]" in refusal(folder)


def test_an_operator_set_that_is_too_new_is_refused(tmp_path):
    assert "needs ONNX operator set 22" in refusal(write_package(tmp_path, make_model(opset=22)))


@pytest.mark.parametrize("domain", ["", "my.lab", "com.microsoft"])
def test_an_operator_that_onnx_runtime_lacks_is_refused(tmp_path, domain):
    node = helper.make_node("ReadMinds", ["signal", "weight"], ["probability"], domain=domain)
    assert "cannot be run by ONNX Runtime" in refusal(write_package(tmp_path, make_model(node, domain=domain)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("raw", [True, False])
def test_a_graph_with_a_number_that_is_none_is_refused(tmp_path, bad, kind, raw):
    weight = np.zeros((4, 2), kind)
    weight[2, 1] = bad
    data_type = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    if kind is np.float16 and not raw:
        pytest.skip("ONNX keeps half precision that is not raw as whole numbers, which no exporter here writes")
    content = weight.tobytes() if raw else weight.ravel().tolist()
    tensor = helper.make_tensor("weight", data_type, [4, 2], content, raw=raw)
    assert "model.onnx holds NaN or infinity, in weight" in refusal(write_package(tmp_path, make_model(weight=tensor)))


def test_a_number_that_is_none_is_found_in_the_body_of_a_branch_too(tmp_path):
    body = helper.make_graph(
        [helper.make_node("Constant", [], ["out"], value=numpy_helper.from_array(np.float32([[np.nan, 0]]), "deep"))],
        "body",
        [],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 2])],
    )
    nodes = (
        helper.make_node("Constant", [], ["yes"], value=numpy_helper.from_array(np.array(True), "flag")),
        helper.make_node("If", ["yes"], ["probability"], then_branch=body, else_branch=body),
    )
    assert "NaN or infinity, in deep, deep" in refusal(write_package(tmp_path, make_model(*nodes)))


def test_a_lone_infinity_is_a_limit_and_a_lone_nan_is_not(tmp_path):
    for value, is_fine in ((-np.inf, True), (np.nan, False)):
        nodes = (
            helper.make_node("Max", ["signal", "limit"], ["limited"]),
            helper.make_node("Slice", ["limited", "from", "to", "axis"], ["probability"]),
        )
        model = make_model(*nodes, weight=numpy_helper.from_array(np.float32(value), "limit"))
        for name, number in (("from", 0), ("to", 2), ("axis", 1)):
            model.graph.initializer.append(numpy_helper.from_array(np.array([number]), name))
        folder = write_package(tmp_path, model)
        if is_fine:
            NetworkSession(open_package(folder), "cpu")
        else:
            assert "NaN or infinity, in limit" in refusal(folder)


def test_numbers_kept_in_another_file_are_refused(tmp_path):
    model = make_model(weight=np.zeros((4, 2), np.float32))
    onnx.save(model, tmp_path / ONNX_NAME, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (tmp_path / "weights.bin").stat().st_size == 32
    assert "other files" in refusal(write_package(tmp_path, (tmp_path / ONNX_NAME).read_bytes()))


@pytest.mark.parametrize("content", [b"not a network", b"", b"\x3a\x7f", b"\x3a" + b"\xff" * 12, b"\x08\x07"])
def test_bytes_that_are_no_graph_are_refused(tmp_path, content):
    assert "model.onnx is not an ONNX model" in refusal(write_package(tmp_path, content))


def test_no_damage_to_a_graph_ends_in_anything_but_a_sentence(tmp_path):
    sound = make_model().SerializeToString()
    rng = np.random.default_rng(4)
    n_refused = 0
    for _ in range(400):
        damaged = bytearray(sound)
        for place in rng.integers(len(sound), size=rng.integers(1, 4)):
            damaged[place] = rng.integers(256)
        try:
            outline_graph(bytes(damaged[: rng.integers(1, len(sound) + 1)]))
        except ValueError:
            n_refused += 1
    assert n_refused > 100


def test_weights_with_a_number_that_is_none_are_refused(tmp_path):
    weights = {"fine": np.zeros(3, np.float32), "bad": np.array([1.0, np.nan], np.float16)}
    assert "weights.safetensors holds NaN or infinity, in bad" in refusal(
        write_package(tmp_path, make_model(), weights)
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04\x95a pickle.",
        struct.pack("<Q", 2**40) + b"{}",
        struct.pack("<Q", 63) + b'{"w":{"dtype":"F32","shape":[1000],"data_offsets":[0,4000]}}   ' + b"\0" * 8,
    ],
)
def test_weights_that_are_no_safetensors_or_reach_beyond_their_file_are_refused(tmp_path, content):
    assert "is not a safetensors file" in refusal(write_package(tmp_path, make_model(), content))


# --- what the reader of graphs says is what the onnx package says ---------------------------------------------------


@pytest.mark.parametrize("folder", sorted(SHIPPED_FOLDER.iterdir()), ids=lambda folder: folder.name)
def test_the_outline_of_a_shipped_graph_is_that_of_the_onnx_package(folder):
    model = onnx.load(folder / ONNX_NAME)
    outline = outline_graph((folder / ONNX_NAME).read_bytes())
    assert outline.opsets == {opset.domain: opset.version for opset in model.opset_import}
    assert outline.inputs == tuple(value.name for value in model.graph.input)
    assert outline.outputs == tuple(value.name for value in model.graph.output)
    assert not outline.has_external_data
    assert outline.not_finite == ()
