"""Any ONNX file becomes a model by `python -m ml convert onnx FILE --name NAME …`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import ml
from ml.__main__ import main
from ml.faces.decode import decode
from ml.siamese.weights import load_backbone
from tests.support.faces import people, portraits

SIZE, POOL, NUMBERS = 112, 8, 32
OPTIONS = ["--template", "arcface112", "--licence", "a test"]


def network(
    *, channels_first: bool = True, batch: int | str = "n", spoiled: float | None = None
) -> bytes:
    """Write a network that projects a coarse, centred picture; it distinguishes the portraits."""
    cells = (SIZE // POOL) ** 2 * 3
    weights = np.random.default_rng(28).normal(size=(cells, NUMBERS)).astype(np.float32)
    if spoiled is not None:
        weights[:] = spoiled
    shape = [batch, 3, SIZE, SIZE] if channels_first else [batch, SIZE, SIZE, 3]
    nodes = [
        helper.make_node(
            "Transpose", ["in"], ["first"], perm=[0, 1, 2, 3] if channels_first else [0, 3, 1, 2]
        ),
        helper.make_node(
            "AveragePool", ["first"], ["coarse"], kernel_shape=[POOL] * 2, strides=[POOL] * 2
        ),
        helper.make_node("Flatten", ["coarse"], ["flat"]),
        helper.make_node("MeanVarianceNormalization", ["flat"], ["centred"], axes=[1]),
        helper.make_node("MatMul", ["centred", "weights"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "made by a test",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [batch, NUMBERS])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return model.SerializeToString()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "theirs.onnx"
    path.write_bytes(network())
    return path


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def folder_of_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the synthetic people, a sub-folder each, with enough photos for several anchors."""
    folder = tmp_path_factory.mktemp("people")
    for person in people():
        home = folder / person.name
        home.mkdir()
        for number, photo in enumerate(person.photos * 2):
            (home / f"{number}.jpg").write_bytes(photo)
    return folder


@pytest.fixture(scope="module")
def folder_of_strangers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strangers")
    for person in portraits():
        home = folder / person.name
        home.mkdir()
        (home / "1.jpg").write_bytes(person.photos[0])
    return folder


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the cache of found faces into the test's folder."""
    monkeypatch.chdir(tmp_path)


def convert(file: Path, artifacts: Path, *more: str, options: Sequence[str] = OPTIONS) -> int:
    command = ["convert", "onnx", str(file), "--name", "theirs", f"--artifacts={artifacts}"]
    return main([*command, *options, *more])


@pytest.mark.parametrize("batch", [1, "n"])
@pytest.mark.parametrize("channels_first", [True, False])
def test_a_converted_file_serves_calibrated(
    file: Path,
    artifacts: Path,
    folder_of_people: Path,
    folder_of_strangers: Path,
    *,
    channels_first: bool,
    batch: int | str,
) -> None:
    file.write_bytes(network(channels_first=channels_first, batch=batch))
    photos = [f"--people={folder_of_people}", f"--strangers={folder_of_strangers}"]

    assert convert(file, artifacts, *photos) == 0

    engine = ml.load_engine("theirs", artifacts)
    one, other = (
        [engine.analyse(photo, purpose="verify").embedding for photo in person.photos]
        for person in portraits()
    )
    assert float(one[0] @ one[2]) > float(one[0] @ other[0])
    assert np.linalg.norm(one[0]) == pytest.approx(1, abs=1e-5)
    assert engine.calibration.default_threshold > 0
    ml.check_files(ml.load_artifact("theirs", artifacts))


@pytest.mark.parametrize("colour", ["rgb", "bgr"])
def test_the_network_sees_chips_by_the_options(
    file: Path, artifacts: Path, colour: str, folder_of_people: Path, folder_of_strangers: Path
) -> None:
    more = ["--colour", colour, "--mean", "120,110,100", "--scale", "0.01"]
    photos = [f"--people={folder_of_people}", f"--strangers={folder_of_strangers}"]

    assert convert(file, artifacts, *more, *photos) == 0

    engine = ml.load_engine("theirs", artifacts)
    rgb = decode(people()[0].photos[0])
    chip = engine.preprocessing.apply(rgb, engine.detector.detect(rgb)[0].landmarks)
    ordered = chip if colour == "rgb" else chip[..., ::-1]
    seen = (ordered.astype(np.float32) - (120, 110, 100)) * np.float32(0.01)
    expected = reference(seen)
    np.testing.assert_allclose(engine.embed(chip[None])[0], expected, atol=1e-4)


def reference(seen: np.ndarray) -> np.ndarray:
    """Return the embedding of a chip (size, size, 3) by onnx's reference implementation."""
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(onnx.load_from_string(network()))
    (found,) = evaluator.run(None, {"in": seen.transpose(2, 0, 1)[None].astype(np.float32)})
    return found[0] / np.linalg.norm(found[0])


def test_a_network_that_does_not_distinguish_people_is_refused_with_a_hint(
    file: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(network(spoiled=1.0))

    assert convert(file, artifacts) == 2

    assert "wrong template or colour order?" in capsys.readouterr().err
    assert list(artifacts.iterdir()) == []


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_network_without_finite_embeddings_is_refused(
    file: Path, artifacts: Path, capsys: pytest.CaptureFixture[str], number: float
) -> None:
    file.write_bytes(network(spoiled=number))

    assert convert(file, artifacts) == 2

    assert "theirs.onnx" in capsys.readouterr().err
    assert list(artifacts.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no network", network()[:2000]])
def test_a_file_that_is_no_network_is_named(
    file: Path, artifacts: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    file.write_bytes(content)

    assert convert(file, artifacts) == 2

    assert "theirs.onnx" in capsys.readouterr().err


def test_a_missing_file_is_named(
    tmp_path: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(tmp_path / "nowhere.onnx", artifacts) == 2

    assert "nowhere.onnx cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--template", "arcface"),
        ("--size", "160"),
        ("--size", "0"),
        ("--size", "large"),
        ("--colour", "grb"),
        ("--mean", "a"),
        ("--mean", "1,2"),
        ("--mean", "nan"),
        ("--scale", "1,2,3,4"),
        ("--terms", "mine"),
        ("--name", "../theirs"),
        ("--name", ""),
    ],
)
def test_a_wrong_option_is_named(
    file: Path, artifacts: Path, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(convert(file, artifacts, option, value))

    assert ended.value.code == 2
    assert option in capsys.readouterr().err
    assert list(artifacts.iterdir()) == []


def test_an_installed_model_is_not_overwritten(
    file: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (artifacts / "theirs").mkdir()

    assert convert(file, artifacts) == 2

    assert "--name is 'theirs'" in capsys.readouterr().err


def test_its_damaged_network_is_refused_with_the_remedy(
    file: Path, artifacts: Path, folder_of_people: Path, folder_of_strangers: Path
) -> None:
    photos = [f"--people={folder_of_people}", f"--strangers={folder_of_strangers}"]
    assert convert(file, artifacts, *photos) == 0
    stored = artifacts / "theirs" / "model.onnx"
    stored.write_bytes(stored.read_bytes()[:-10])

    with pytest.raises(ml.ModelBroken, match=r"theirs/model.onnx.*convert onnx FILE --name theirs"):
        ml.load_engine("theirs", artifacts)


def test_it_has_no_weights_to_train(
    file: Path, artifacts: Path, folder_of_people: Path, folder_of_strangers: Path
) -> None:
    photos = [f"--people={folder_of_people}", f"--strangers={folder_of_strangers}"]
    assert convert(file, artifacts, *photos) == 0

    with pytest.raises(ml.ModelBroken, match="came as an ONNX file"):
        load_backbone(ml.load_artifact("theirs", artifacts))
