"""A model whose files differ from the converted ones is refused, with the file and the remedy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import ml
from ml.faces.detector import networks
from ml.faces.detector.detect import Detector
from ml.runtime.network import sha256

NAME = "compact"  # the smallest
Damage = Callable[[Path], None]


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Damage] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b"") and None,
    "cut short": cut_short,
    "another bit": flip_a_bit,
    "text": lambda path: path.write_text("no network") and None,
    "a folder": replace_by_a_folder,
}


# A flipped bit of a text may be in a licence's words, which have no effect.
OF_TEXTS = {name: damage for name, damage in DAMAGES.items() if name != "another bit"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ml.ARTIFACTS / NAME, tmp_path / NAME)
    return tmp_path


def refusal(folder: Path) -> str:
    """Return the reason why the model cannot be loaded; activation must be refused alike."""
    with pytest.raises(ml.ModelBroken) as refused:
        ml.load_engine(NAME, folder)
    with pytest.raises(ml.ModelBroken):
        ml.check_model(ml.load_artifact(NAME, folder))
    assert str(folder) not in str(refused.value)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_network_is_refused(folder: Path, damage: Damage) -> None:
    damage(folder / NAME / "model.onnx")

    reported = refusal(folder)
    assert f"{NAME}/model.onnx" in reported
    assert f"python -m ml convert onnx {NAME}" in reported


@pytest.mark.parametrize("damage", OF_TEXTS.values(), ids=OF_TEXTS)
@pytest.mark.parametrize("file", ["check.json", "config.toml", "weights.npz"])
def test_a_damaged_companion_file_is_refused(folder: Path, file: str, damage: Damage) -> None:
    damage(folder / NAME / file)

    reported = refusal(folder) if file == "check.json" else refusal_of_any_kind(folder)
    assert NAME in reported


def refusal_of_any_kind(folder: Path) -> str:
    """Return the same as `refusal`; the broken file may be the one that identifies the model."""
    with pytest.raises(ml.ArtifactError) as refused:
        ml.load_engine(NAME, folder)
    return str(refused.value)


def test_the_network_of_another_model_is_refused(folder: Path) -> None:
    shutil.copy(ml.ARTIFACTS / "open" / "model.onnx", folder / NAME)

    assert f"{NAME}/model.onnx is damaged or replaced" in refusal(folder)


def test_all_that_serves_of_another_model_is_refused(folder: Path) -> None:
    for file in ("model.onnx", "check.json"):
        shutil.copy(ml.ARTIFACTS / "open" / file, folder / NAME)

    assert "it is of open-" in refusal(folder)


def signed(folder: Path, change: Callable[[onnx.ModelProto], None]) -> None:
    """Change the network and update its digest, as a mistake in the laboratory would."""
    path, check = folder / NAME / "model.onnx", folder / NAME / "check.json"
    model = onnx.load(path)
    change(model)
    path.write_bytes(model.SerializeToString())
    table = json.loads(check.read_text()) | {"sha256": sha256(path.read_bytes())}
    check.write_text(json.dumps(table))


def spoil(number: float) -> Callable[[onnx.ModelProto], None]:
    """Return a change that replaces one weight of the largest matrix."""

    def change(model: onnx.ModelProto) -> None:
        largest = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
        values = np.array(numpy_helper.to_array(largest))
        values.flat[values.size // 2] = number
        largest.CopyFrom(numpy_helper.from_array(values, largest.name))

    return change


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 50.0])
def test_a_network_that_embeds_the_fixed_chips_differently_is_refused(
    folder: Path, number: float
) -> None:
    signed(folder, spoil(number))

    assert "embeds its fixed chips differently" in refusal(folder)


def test_a_network_of_other_inputs_is_refused(folder: Path) -> None:
    def narrow(model: onnx.ModelProto) -> None:
        model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.STRING

    signed(folder, narrow)

    assert f"{NAME}/model.onnx cannot be" in refusal(folder)


def test_weights_without_a_served_network_are_refused_with_the_command(folder: Path) -> None:
    (folder / NAME / "model.onnx").unlink()
    (folder / NAME / "check.json").unlink()

    assert f"python -m ml convert onnx {NAME}" in refusal(folder)


@pytest.mark.parametrize("damage", OF_TEXTS.values(), ids=OF_TEXTS)
@pytest.mark.parametrize("file", [networks.YUNET, networks.ONET, networks.DIGESTS])
def test_a_damaged_file_of_the_detector_is_refused(
    tmp_path: Path, file: str, damage: Damage
) -> None:
    folder = shutil.copytree(networks.FOLDER, tmp_path / "detector")
    damage(folder / file)

    with pytest.raises(ml.ModelBroken, match=f"detector/{file}.*ml/artifacts/detector"):
        Detector(folder=folder)


def signed_detector(folder: Path, file: str, content: bytes) -> Path:
    """Exchange a file of the detector and update its digest, as a mistake in the laboratory would.

    The message contains the folder's name.
    """
    copy = shutil.copytree(networks.FOLDER, folder / "detector")
    (copy / file).write_bytes(content)
    digests = json.loads((copy / networks.DIGESTS).read_text()) | {file: sha256(content)}
    (copy / networks.DIGESTS).write_text(json.dumps(digests))
    return copy


@pytest.mark.parametrize("other", ["compact/model.onnx", "other network of it", "no network"])
@pytest.mark.parametrize("file", [networks.YUNET, networks.ONET])
def test_a_detector_of_another_network_is_refused(tmp_path: Path, file: str, other: str) -> None:
    paths = {
        "compact/model.onnx": ml.ARTIFACTS / other,
        "other network of it": networks.FOLDER
        / next(name for name in (networks.YUNET, networks.ONET) if name != file),
        "no network": Path(__file__),
    }
    folder = signed_detector(tmp_path, file, paths[other].read_bytes())

    with pytest.raises(ml.ModelBroken, match=f"detector/{file}.*ml/artifacts/detector"):
        Detector(folder=folder)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("file", [networks.YUNET, networks.ONET])
def test_a_detector_with_weights_that_are_no_numbers_is_refused(
    tmp_path: Path, file: str, number: float
) -> None:
    model = onnx.load(networks.FOLDER / file)
    spoil(number)(model)
    folder = signed_detector(tmp_path, file, model.SerializeToString())

    with pytest.raises(ml.ModelBroken, match=f"detector/{file}.*ml/artifacts/detector"):
        Detector(folder=folder)


def test_nothing_is_written_next_to_the_served_model(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    ml.load_engine(NAME, folder).warm_up()

    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
