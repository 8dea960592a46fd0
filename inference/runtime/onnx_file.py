"""What can be told of an ONNX file without running it: operator sets, inputs, outputs and the numbers it holds.

The ``onnx`` package belongs to training, and ONNX Runtime tells none of this before it has loaded a graph, external
files included. The few fields needed are read here from protobuf's wire format, by the field numbers of ``onnx.proto3``
(https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MODEL_GRAPH, _MODEL_OPSET = 7, 8
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT, _GRAPH_SPARSE = 1, 5, 11, 12, 15
_NODE_ATTRIBUTE = 5
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
_VALUE_NAME = 1
_SPARSE_VALUES = 1
_TENSOR_TYPE, _TENSOR_FLOATS, _TENSOR_NAME, _TENSOR_RAW, _TENSOR_DOUBLES = 2, 4, 8, 9, 10
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14
#: NumPy's types of the raw numbers that may be NaN, by ``TensorProto.DataType``: FLOAT, FLOAT16, DOUBLE.
_RAW_TYPES: Final = {1: "<f4", 10: "<f2", 11: "<f8"}
#: Bodies of loops within bodies of loops; no network here has more than one.
_DEEPEST_GRAPH: Final = 16
_LONGEST_VARINT: Final = 10


@dataclass(frozen=True, slots=True)
class GraphOutline:
    """What an ONNX file says about itself.

    Attributes
    ----------
    opsets : version of each operator set by its domain; the standard one is ``""``.
    inputs, outputs : names in the graph's order; what only has a stored value is no input.
    has_external_data : whether numbers lie in other files.
    not_finite : names of stored tensors that hold NaN, or infinity among other numbers. A lone infinity is how graphs
        spell "never the largest".
    """

    opsets: dict[str, int]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    has_external_data: bool
    not_finite: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    is_external: bool
    is_finite: bool


def outline_graph(content: bytes) -> GraphOutline:
    """Read the outline of an ONNX file.

    Raises
    ------
    ValueError
        These bytes are not an ONNX model.
    """
    model = memoryview(content)
    opsets, graph = {}, None
    for number, value in _fields(model):
        if number == _MODEL_OPSET:
            domain, version = _read_opset(_message(value))
            opsets[domain] = version
        elif number == _MODEL_GRAPH:
            graph = _message(value)
    if graph is None or not opsets:
        raise ValueError("it holds no graph")
    tensors = list(_tensors_of_graph(graph, _DEEPEST_GRAPH))
    stored = _names_in(graph, _GRAPH_INITIALIZER, _TENSOR_NAME)
    return GraphOutline(
        opsets,
        tuple(name for name in _names_in(graph, _GRAPH_INPUT, _VALUE_NAME) if name not in stored),
        _names_in(graph, _GRAPH_OUTPUT, _VALUE_NAME),
        any(tensor.is_external for tensor in tensors),
        tuple(tensor.name for tensor in tensors if not tensor.is_finite),
    )


def _names_in(graph: memoryview, item_number: int, name_number: int) -> tuple[str, ...]:
    items = (_message(value) for number, value in _fields(graph) if number == item_number)
    return tuple(_name_of(item, name_number) for item in items)


def _read_opset(opset: memoryview) -> tuple[str, int]:
    domain, version = "", 0
    for number, value in _fields(opset):
        if number == _OPSET_DOMAIN:
            domain = str(_message(value), "utf-8")
        elif number == _OPSET_VERSION and isinstance(value, int):
            version = value
    # Both spellings are the standard's.
    return ("" if domain == "ai.onnx" else domain), version


def _tensors_of_graph(graph: memoryview, depth: int) -> Iterator[_Tensor]:
    """Yield every tensor stored in a graph, in its nodes, and in the graphs that these hold."""
    if depth == 0:
        raise ValueError("its graphs are nested too deeply")
    for number, value in _fields(graph):
        if number == _GRAPH_INITIALIZER:
            yield _read_tensor(_message(value))
        elif number == _GRAPH_SPARSE:
            yield from _tensors_of_sparse(_message(value))
        elif number == _GRAPH_NODE:
            for inner, attribute in _fields(_message(value)):
                if inner == _NODE_ATTRIBUTE:
                    yield from _tensors_of_attribute(_message(attribute), depth)


def _tensors_of_attribute(attribute: memoryview, depth: int) -> Iterator[_Tensor]:
    for number, value in _fields(attribute):
        if number in _ATTRIBUTE_TENSORS:
            yield _read_tensor(_message(value))
        elif number in _ATTRIBUTE_GRAPHS:
            yield from _tensors_of_graph(_message(value), depth - 1)
        elif number in _ATTRIBUTE_SPARSE:
            yield from _tensors_of_sparse(_message(value))


def _tensors_of_sparse(sparse: memoryview) -> Iterator[_Tensor]:
    return (_read_tensor(_message(value)) for number, value in _fields(sparse) if number == _SPARSE_VALUES)


def _read_tensor(tensor: memoryview) -> _Tensor:
    kind, is_external, raw = 0, False, memoryview(b"")
    numbers: list[NDArray[np.floating]] = []
    for number, value in _fields(tensor):
        if number == _TENSOR_TYPE and isinstance(value, int):
            kind = value
        elif number == _TENSOR_RAW:
            raw = _message(value)
        elif number == _TENSOR_FLOATS:
            numbers.append(np.frombuffer(_message(value), "<f4"))
        elif number == _TENSOR_DOUBLES:
            numbers.append(np.frombuffer(_message(value), "<f8"))
        elif number == _TENSOR_EXTERNAL or (number == _TENSOR_LOCATION and value == 1):
            is_external = True
    if kind in _RAW_TYPES:
        numbers.append(np.frombuffer(raw, _RAW_TYPES[kind]))
    return _Tensor(_name_of(tensor, _TENSOR_NAME), is_external, _are_finite(numbers))


def _are_finite(parts: list[NDArray[np.floating]]) -> bool:
    if sum(part.size for part in parts) == 1:
        return not any(np.isnan(part).any() for part in parts)
    return all(bool(np.isfinite(part).all()) for part in parts)


def _name_of(message: memoryview, name_number: int) -> str:
    return next((str(_message(value), "utf-8") for number, value in _fields(message) if number == name_number), "")


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number stands where a message should")
    return value


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field of a protobuf message; what is no varint comes as its bytes."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        wire_type = key & 7
        if wire_type == 0:
            number, position = _varint(message, position)
            yield key >> 3, number
            continue
        if wire_type == 2:
            length, position = _varint(message, position)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise ValueError("it is no protobuf message")
        if position + length > len(message):
            raise ValueError("it ends too soon")
        yield key >> 3, message[position : position + length]
        position += length


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for index in range(_LONGEST_VARINT):
        if position + index >= len(message):
            raise ValueError("it ends too soon")
        byte = message[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise ValueError("it is no protobuf message")
