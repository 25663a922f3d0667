"""Import a face-embedding ONNX file of any origin: `python -m ml convert onnx FILE --name NAME …`.

The stored network includes the file's preprocessing. Like every model here it takes chips, uint8
(n, size, size, 3) RGB, and returns embeddings of unit length. The command checks the result on the
sample photos and calibrates it on a folder of people.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import tomli_w
from onnx import TensorProto, helper, numpy_helper

from ml.artifacts import (
    ARTIFACTS,
    CONFIG,
    IMPORTED,
    NETWORK,
    Artifact,
    ArtifactConfig,
    NetworkConfig,
    load_artifact,
    write_atomically,
)
from ml.calibration.file import FILE as CALIBRATION
from ml.embedder import Embedder
from ml.errors import ArtifactError
from ml.faces.align import TEMPLATES
from ml.faces.detector.detect import Detector
from ml.faces.preprocess import Preprocessing
from ml.fixed_chips import FixedChips
from ml.lab.calibration.calibrate import PEOPLE, STRANGERS, calibrate
from ml.lab.convert.samples import sample_photos
from ml.lab.datasets.synthetic import synthetic_chips
from ml.lab.evaluation.protocols.photos import ProtocolError, photos_in
from ml.runtime.network import Network, sha256

# Templates by name and side in pixels.
ALIGNMENTS = {f"{name}{template.side}": name for name, template in TEMPLATES.items()}
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
CHANNELS = 3
# Earlier versions have other broadcasting rules.
LEAST_OPSET = 7
FACES, SEED = 2, 28
# Tensor names that no exporter uses.
CHIPS, PIXELS, EMBEDDINGS = "faces_chips", "faces_pixels", "faces_embeddings"


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


def check_on_samples(artifact: Artifact) -> tuple[float, float]:
    """Embed the sample photos and compare genuine with impostor pairs.

    Returns:
        The lowest cosine of a genuine pair, and the highest of an impostor pair.

    Raises:
        ConversionError: if an impostor pair reaches a genuine one.
    """
    detector, embedder = Detector(), Embedder(artifact)
    embedded = []
    for person, photos in enumerate(sample_photos()):
        for rgb in photos:
            landmarks = detector.detect(rgb)[0].landmarks
            chip = artifact.config.preprocessing.apply(rgb, landmarks)
            embedded.append((person, embedder(chip[None])[0]))
    cosines: dict[bool, list[float]] = {True: [], False: []}
    for (one, a), (other, b) in combinations(embedded, 2):
        cosines[one == other].append(float(a @ b))
    lowest, highest = min(cosines[True]), max(cosines[False])
    if not lowest > highest:  # never true of NaN
        raise ConversionError(
            f"strangers reach a cosine of {highest:.3f}, photos of one person only {lowest:.3f}: "
            "wrong template or colour order? Check --template, --size, --colour, --mean, --scale"
        )
    return lowest, highest


def _write(content: bytes, config: ArtifactConfig, file: str, folder: Path) -> Artifact:
    """Write an artifact's configuration, network and fixed chips below `folder`."""
    home = folder / config.name
    home.mkdir()
    drawn = synthetic_chips(FACES, 1, config.preprocessing, SEED)
    chips = np.stack([drawn.served(row) for row in range(FACES)])
    network = Network(content, file)
    found = np.concatenate([network(chip[None])[0] for chip in chips])
    if not np.isfinite(found).all():
        raise ConversionError(f"{file} computes no finite embedding; check --mean and --scale")
    sized = NetworkConfig(IMPORTED, found.shape[1])
    write_atomically(home / CONFIG, tomli_w.dumps(asdict(config) | {"network": asdict(sized)}))
    (home / NETWORK).write_bytes(content)
    artifact = load_artifact(config.name, folder)
    FixedChips(artifact.model_id, sha256(content), chips, found).write(home)
    return artifact


def _config(options: argparse.Namespace, takes: Input, file: str) -> ArtifactConfig:
    template = ALIGNMENTS[options.template]
    size = options.size or takes.size or TEMPLATES[template].side
    if takes.size not in {None, size}:
        raise ConversionError(f"--size is {size}, but {file} takes {takes.size} pixels")
    return ArtifactConfig(
        name=options.name,
        title=options.title or options.name,
        terms=options.terms,
        licence=options.licence,
        mirrored=options.mirrored,
        network=NetworkConfig(IMPORTED, 1),
        preprocessing=Preprocessing(size, template),
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        _check_name(options.name, options.artifacts)
        convert(options)
    except (ArtifactError, ProtocolError) as error:
        print(f"convert onnx: {error}", file=sys.stderr)
        return 2
    return 0


def convert(options: argparse.Namespace) -> None:
    """Create, check and calibrate the artifact in a temporary folder, then install it.

    Raises:
        ArtifactError: if the file or an option cannot be used.
        ProtocolError: if the photos cannot be used for a calibration.
    """
    file: Path = options.file
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConversionError(f"{file.name} cannot be read: {error.strerror}") from error
    recipe = Recipe(options.colour, options.mean, options.scale)
    content, takes = wrapped(content, file.name, recipe)
    with TemporaryDirectory() as aside:
        artifact = _write(content, _config(options, takes, file.name), file.name, Path(aside))
        lowest, highest = check_on_samples(artifact)
        print(f"sample photos: one person {lowest:.3f} or more, strangers {highest:.3f} or less")
        _calibrate(artifact, options.people, options.strangers)
        shutil.move(artifact.folder, options.artifacts / options.name)
    print(f"{options.name} is installed as {artifact.model_id}. An administrator activates it")
    print("on the page of the models, or: flask --app wsgi models use NAME --reason WHY")


def _calibrate(artifact: Artifact, people: Path, strangers: Path) -> None:
    if people == PEOPLE and not people.is_dir():
        print(
            "It is not calibrated, so it cannot be activated. Run: "
            f"python -m ml calibrate {artifact.config.name} --people FOLDER --strangers FOLDER"
        )
        return
    table = calibrate(artifact, photos_in(people), photos_in(strangers))
    write_atomically(artifact.folder / CALIBRATION, json.dumps(table) + "\n")


def _check_name(name: str, artifacts: Path) -> None:
    if not NAME.fullmatch(name):
        raise ConversionError(f"--name is {name!r}, but may hold a to z, 0 to 9, - and _ only")
    if (artifacts / name).exists():
        raise ConversionError(f"--name is {name!r}, but that exists; choose another or remove it")


def _numbers(text: str) -> tuple[float, ...]:
    """Parse one number for all channels, or three separated by commas."""
    numbers = tuple(float(part) for part in text.split(","))
    if len(numbers) not in {1, CHANNELS} or not np.isfinite(numbers).all():
        raise ValueError
    return numbers


_numbers.__name__ = "number, or three separated by commas"


def _side(text: str) -> int:
    if not 16 <= int(text) <= 1024:
        raise ValueError
    return int(text)


_side.__name__ = "number of pixels, 16 to 1024"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ml convert onnx",
        description="Install a face-embedding ONNX file as a model.",
    )
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="network from one face to one embedding")
    add("--name", required=True, help="name of the model")
    add(
        "--template", required=True, choices=ALIGNMENTS, help="positions of the landmarks in a chip"
    )
    add("--size", type=_side, help="side of a chip in pixels; default: the file's or template's")
    add("--colour", choices=("rgb", "bgr"), default="rgb", help="order of the channels")
    add("--mean", type=_numbers, default=(127.5,), help="subtracted first; default: 127.5")
    add("--scale", type=_numbers, default=(1 / 127.5,), help="factor; default: 1 / 127.5")
    add("--licence", required=True, help="licence of the weights, in words")
    add("--terms", choices=("open", "research"), default="research", help="uses that it allows")
    add("--title", help="name on the page of the models")
    add("--mirrored", action="store_true", help="flip augmentation, at twice the time")
    add("--people", type=Path, default=PEOPLE, help="folder of people to calibrate on")
    add("--strangers", type=Path, default=STRANGERS, help="folder of strangers, one photo each")
    add("--artifacts", type=Path, default=ARTIFACTS, help="folder of the models")
    return parser
