"""A foreign ONNX graph, wrapped in the preprocessing of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ml.errors import ArtifactError

CHANNELS = 3
# Tensor names that no exporter uses.
CHIPS, PIXELS, EMBEDDINGS = "faces_chips", "faces_pixels", "faces_embeddings"


# Earlier versions have other broadcasting rules.
LEAST_OPSET = 7


class ConversionError(ArtifactError):
    """A file or an option cannot be used; the text names it and the remedy."""


@dataclass(frozen=True)
class Input:
    """Input of a file's network.

    Attributes:
        name: name of the tensor.
        element: ONNX's number of the element type.
        channels_first: whether the shape is (n, 3, size, size), not (n, size, size, 3).
        size: side in pixels; None for any.
    """

    name: str
    element: int
    channels_first: bool
    size: int | None


@dataclass(frozen=True)
class Recipe:
    """Preprocessing of chips: `(value − mean) × scale`, channels in the order of `colour`."""

    colour: str
    mean: tuple[float, ...]
    scale: tuple[float, ...]


def wrapped(content: bytes, file: str, recipe: Recipe) -> tuple[bytes, Input]:
    """Add preprocessing before a network and normalisation after it.

    Args:
        content: content of an ONNX file.
        file: name of the file, for error messages.
        recipe: the preprocessing.

    Returns:
        Content of the new file, and the input of the original network.

    Raises:
        ConversionError: if it is not a network from one picture to one embedding.
    """
    try:
        model = onnx.load_from_string(content)
        onnx.checker.check_model(model)
    except Exception as error:  # exceptions of protobuf and ONNX share no narrower base class
        raise ConversionError(f"{file} is not a readable ONNX file") from error
    opset = next((i.version for i in model.opset_import if i.domain in {"", "ai.onnx"}), 0)
    if opset < LEAST_OPSET:
        raise ConversionError(
            f"{file} uses opset {opset}; export it with opset {LEAST_OPSET} or later"
        )
    takes = _input(model.graph, file)
    _put_preprocessing(model.graph, takes, recipe)
    _normalise(model.graph)
    return model.SerializeToString(), takes


def _input(graph: onnx.GraphProto, file: str) -> Input:
    stored = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in stored]
    if len(inputs) != 1:
        raise ConversionError(f"{file} has {len(inputs)} inputs; a face network has one")
    tensor = inputs[0].type.tensor_type
    shape = [side.dim_value or None for side in tensor.shape.dim]
    if len(shape) != 4 or (shape[1] != CHANNELS) == (shape[3] != CHANNELS):
        raise ConversionError(
            f"{file} takes {shape}; a face network takes (n, 3, size, size) or (n, size, size, 3)"
        )
    first = shape[1] == CHANNELS
    height, width = shape[2:] if first else shape[1:3]
    if height != width:
        raise ConversionError(f"{file} takes {height} × {width} pixels; only squares are supported")
    return Input(inputs[0].name, tensor.elem_type, first, height)


def _put_preprocessing(graph: onnx.GraphProto, takes: Input, recipe: Recipe) -> None:
    """Add nodes that compute the network's input from uint8 (n, size, size, 3) RGB."""
    order = [0, 1, 2] if recipe.colour == "rgb" else [2, 1, 0]
    constants: dict[str, np.ndarray] = {
        "faces_order": np.array(order, np.int64),
        "faces_mean": np.array(recipe.mean, np.float32),
        "faces_scale": np.array(recipe.scale, np.float32),
    }
    chain: list[tuple[str, list[str], dict[str, Any]]] = [
        ("Cast", [], {"to": TensorProto.FLOAT}),
        ("Gather", ["faces_order"], {"axis": 3}),
        ("Sub", ["faces_mean"], {}),
        ("Mul", ["faces_scale"], {}),
        ("Transpose", [], {"perm": [0, 3, 1, 2] if takes.channels_first else [0, 1, 2, 3]}),
        ("Cast", [], {"to": takes.element}),
    ]
    nodes, name = [], CHIPS
    for step, (kind, others, attributes) in enumerate(chain):
        to = takes.name if step == len(chain) - 1 else f"{PIXELS}_{step}"
        nodes.append(helper.make_node(kind, [name, *others], [to], **attributes))
        name = to
    graph.initializer.extend(
        numpy_helper.from_array(value, stored) for stored, value in constants.items()
    )
    size = takes.size or "size"
    kept = [value for value in graph.input if value.name != takes.name]
    chips = helper.make_tensor_value_info(CHIPS, TensorProto.UINT8, ["n", size, size, CHANNELS])
    _replace(graph.input, [chips, *kept])
    _replace(graph.node, [*nodes, *graph.node])


def _normalise(graph: onnx.GraphProto) -> None:
    """Scale the first output to unit length and drop the others."""
    name = graph.output[0].name
    graph.node.extend(
        [
            helper.make_node("Cast", [name], [f"{EMBEDDINGS}_float"], to=TensorProto.FLOAT),
            helper.make_node("Flatten", [f"{EMBEDDINGS}_float"], [f"{EMBEDDINGS}_flat"], axis=1),
            helper.make_node("LpNormalization", [f"{EMBEDDINGS}_flat"], [EMBEDDINGS], axis=1, p=2),
        ]
    )
    output = helper.make_tensor_value_info(EMBEDDINGS, TensorProto.FLOAT, ["n", "d"])
    _replace(graph.output, [output])


def _replace(field: object, values: Sequence[object]) -> None:
    del field[:]  # type: ignore[attr-defined]
    field.extend(values)  # type: ignore[attr-defined]
