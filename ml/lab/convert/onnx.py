"""Convert the weights of artifacts to `model.onnx` and `check.json`.

    python -m ml convert onnx open research compact

Keras exports the network by tf2onnx. Matrices are stored as float16 where that is lossless, as for
all weights of artifacts, which are rounded. ONNX Runtime converts them back once, when it loads the
file.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read by TensorFlow when it is imported

import keras
import numpy as np
import onnx
from onnx import helper, numpy_helper

from ml.artifacts import ARTIFACTS, NETWORK, Artifact, ArtifactConfig, load_artifact, save_artifact
from ml.errors import ArtifactError, ModelBroken
from ml.fixed_chips import FixedChips
from ml.lab.convert import imported
from ml.lab.datasets.synthetic import synthetic_chips
from ml.runtime.files import replacing
from ml.runtime.network import Network, sha256
from ml.siamese.twin import embedding_network
from ml.siamese.weights import load_backbone

FACES, SEED = 2, 28
INPUT = "chips"


def install(folder: Path, config: ArtifactConfig, backbone: keras.Model) -> Path:
    """Save a model as a complete artifact and return its folder.

    Raises:
        ModelBroken: if the network computes no finite embeddings.
    """
    home = save_artifact(folder, config, backbone)
    export(load_artifact(config.name, folder))
    return home


def export(artifact: Artifact) -> None:
    """Write `model.onnx` and `check.json` from the stored weights.

    Raises:
        ModelBroken: if the network computes no finite embeddings.
    """
    network = embedding_network(load_backbone(artifact))
    content = as_onnx(network, INPUT)
    chips = _chips(artifact)
    found = Network(content, f"{artifact.folder.name}/{NETWORK}")(chips)[0]
    if not np.isfinite(found).all():
        raise ModelBroken(
            f"{artifact.folder.name}/weights.npz computes no finite embedding; "
            "train or convert the model again"
        )
    with replacing(artifact.folder / NETWORK) as temporary:
        temporary.write_bytes(content)
    FixedChips(artifact.model_id, sha256(content), chips, found).write(artifact.folder)


def as_onnx(network: keras.Model, name: str) -> bytes:
    """Export a network of one input as ONNX with an input of uint8.

    Args:
        network: its input is float32 (n, height, width, channels), values 0 to 255.
        name: name of the input in the file.
    """
    pixels = keras.Input(network.input_shape[1:], dtype="uint8", name=name)
    outputs = network(keras.ops.cast(pixels, "float32"))
    spec = keras.InputSpec(shape=(None, *network.input_shape[1:]), dtype="uint8", name=name)
    with TemporaryDirectory() as folder:
        file = Path(folder) / NETWORK
        with warnings.catch_warnings():
            # Keras uses a name that tf2onnx needs and numpy will redefine.
            warnings.simplefilter("ignore", FutureWarning)
            keras.Model(pixels, outputs).export(
                file, format="onnx", verbose=False, input_signature=[spec]
            )
        model = onnx.load(file)
    _halve(model.graph)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _halve(graph: onnx.GraphProto) -> None:
    """Store matrices as float16 where that is lossless, with a cast back."""
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.ndim < 2:
            continue
        half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}_float16"))
        casts.append(
            helper.make_node("Cast", [f"{name}_float16"], [name], to=onnx.TensorProto.FLOAT)
        )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _chips(artifact: Artifact) -> np.ndarray:
    drawn = synthetic_chips(FACES, 1, artifact.config.preprocessing, SEED)
    return np.stack([drawn.served(row) for row in range(FACES)])


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status; with --name, import an ONNX file."""
    given = sys.argv[1:] if arguments is None else arguments
    if any(argument.startswith("--name") for argument in given):
        return imported.main(given)
    parser = argparse.ArgumentParser(
        prog="python -m ml convert onnx",
        description="Convert the weights of models to ONNX, or import an ONNX file.",
        epilog="To import a file: python -m ml convert onnx FILE --name NAME --help",
    )
    parser.add_argument("models", nargs="+", metavar="MODEL", help="names of installed models")
    parser.add_argument("--artifacts", type=Path, default=ARTIFACTS, help="folder of the artifacts")
    options = parser.parse_args(given)
    try:
        for name in options.models:
            artifact = load_artifact(name, options.artifacts)
            export(artifact)
            print(f"{name}/{NETWORK} written, of {artifact.model_id}")
    except ArtifactError as error:
        print(f"onnx: {error}", file=sys.stderr)
        return 2
    return 0
