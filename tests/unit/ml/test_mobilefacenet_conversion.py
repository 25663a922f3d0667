"""The package with the real weights is large, so these archives hold synthetic ones."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import keras
import numpy as np
import pytest

from ml.lab.convert.mobilefacenet import MODEL, SCOPE, SLOPE, convert, published_names
from ml.lab.convert.tensorflow_js import NotAGraphModel, read_weights
from ml.siamese.backbones import build_backbone

pytestmark = pytest.mark.slow

CHIPS = np.random.default_rng(3).uniform(0, 255, (2, 112, 112, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    network = build_backbone("mobilefacenet", image_size=112, channels=3, embedding_size=192)
    for layer in network.layers:
        if isinstance(layer, keras.layers.PReLU):
            layer.alpha.assign(np.random.default_rng(4).uniform(0, 0.5, layer.alpha.shape))
    return network


@pytest.fixture(scope="module")
def tensors(network: keras.Model) -> dict[str, np.ndarray]:
    """Return the network's weights under the names and in the form of the package."""
    published: dict[str, np.ndarray] = {}
    layers = {layer.name: layer for layer in network.layers}
    for ours, theirs in published_names().items():
        layer, name = layers[ours], SCOPE + theirs
        part = "depthwise" if isinstance(layer, keras.layers.DepthwiseConv2D) else "Conv2D"
        kernel, offset = layer.get_weights()
        published |= {f"{name}/{part}_weights": kernel, f"{name}/{part}_bn_offset": offset}
        if prelu := layers.get(f"{ours}_prelu"):
            published[f"{name}/mul"] = prelu.get_weights()[0].ravel() / SLOPE
    return published


def archive(
    folder: Path,
    tensors: dict[str, np.ndarray],
    *,
    cut: int = 0,
    stored: str = "<f4",
    **entry: object,
) -> Path:
    listing = [
        {"name": name, "shape": list(values.shape), "dtype": "float32"} | entry
        for name, values in tensors.items()
    ]
    binary = b"".join(values.astype(stored).tobytes() for values in tensors.values())
    path = folder / "package.tgz"
    with tarfile.open(path, "w:gz") as opened:
        manifest = json.dumps({"weightsManifest": [{"weights": listing}]}).encode()
        for end, content in ((".json", manifest), (".bin", binary[: len(binary) - cut])):
            info = tarfile.TarInfo(MODEL + end)
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
    return path


def test_the_network_comes_back_whole(tmp_path, network, tensors):
    converted = convert(read_weights(archive(tmp_path, tensors), MODEL))
    np.testing.assert_allclose(converted(CHIPS), network(CHIPS), rtol=1e-4, atol=1e-4)


def test_another_network_is_refused(tensors):
    with pytest.raises(NotAGraphModel, match="another network"):
        convert({name: values for name, values in tensors.items() if "Logits" not in name})


def test_an_archive_without_the_model_is_refused(tmp_path, tensors):
    with pytest.raises(NotAGraphModel, match="holds no package/models/other"):
        read_weights(archive(tmp_path, tensors), "package/models/other")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cut": 4}, "ends too early"),
        ({"shape": [1]}, "holds more than is listed"),
        ({"dtype": "string"}, "format that is not supported"),
        ({"quantization": {"dtype": "uint8"}}, "format that is not supported"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, tensors, change, message):
    with pytest.raises(NotAGraphModel, match=message):
        read_weights(archive(tmp_path, tensors, **change), MODEL)


def test_tensors_of_half_the_bits_are_read_as_whole_ones(tmp_path: Path) -> None:
    drawn = np.random.default_rng(5).normal(size=(3, 2)).astype(np.float32)

    half = archive(tmp_path, {"drawn": drawn}, stored="<f2", quantization={"dtype": "float16"})

    read = read_weights(half, MODEL)["drawn"]
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, drawn, rtol=1e-3)
