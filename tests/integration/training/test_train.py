"""The train command turns a configuration into a model that loads and compares."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from ml.artifacts import load_artifact
from ml.calibration.file import load_calibration
from ml.faces.preprocess import Preprocessing
from ml.lab.datasets.synthetic import synthetic_chips
from ml.lab.training.checkpoint import load_checkpoint
from ml.lab.training.log import read_log
from ml.lab.training.train import main
from ml.siamese.twin import embedding_network, twin_network
from ml.siamese.weights import load_backbone

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
KILLED = -9
# Squared distance of unrelated unit vectors.
UNRELATED = 2.0

# Few layers, so that building and tracing are as short as training.
TINY: dict[str, Any] = {
    "artifact": {"title": "a test"},
    "preprocessing": {"image_size": 65, "template": "arcface", "colour": "grey"},
    "network": {"backbone": "koch", "embedding_size": 8},
    "data": {"drawn": {"people": 9, "views": 4}, "validation_share": 0.25},
    "batch": {"people": 2, "pictures": 2},
    "augmentation": [{"name": "mirror"}, {"name": "light"}],
}


class Workplace:
    """A folder with the experiments, runs and artifacts of a test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.artifacts = home / "artifacts"

    def arguments(self, name: str, table: dict[str, Any], *more: str) -> list[str]:
        config = self.home / f"{name}.toml"
        config.write_text(tomli_w.dumps({"name": name} | table))
        places = [f"--{place}={self.home / place}" for place in ("runs", "cache", "artifacts")]
        return [f"--config={config}", *places, *more]

    def run_folder(self, name: str) -> Path:
        return self.home / "runs" / name


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "ml", "train", *arguments]


def test_a_tiny_koch_learns_from_drawn_faces_and_compares(workplace: Workplace) -> None:
    preprocessing = {
        "image_size": 66,
        "template": "dlib",
        "equalise": "global",
        "colour": "grey",
    }
    table = TINY | {
        "preprocessing": preprocessing,
        "network": {"backbone": "koch", "embedding_size": 16},
        "data": {"drawn": {"people": 16, "views": 7}, "validation_share": 0.25, "test_share": 0.25},
        "run": {"steps": 4, "validate_every": 2},
    }
    assert main(workplace.arguments("tiny", table)) == 0

    artifact = load_artifact("tiny", workplace.artifacts)
    assert artifact.config.preprocessing == Preprocessing(**preprocessing)
    figures = artifact.metrics()["training"]
    assert figures["steps"] == 4
    assert 0 <= figures["test_eer"] <= 1
    calibration = load_calibration(artifact.folder, artifact.model_id)
    assert calibration.score(calibration.default_threshold) == pytest.approx(50)

    twins = twin_network(embedding_network(load_backbone(artifact)))
    chips = synthetic_chips(2, 2, artifact.config.preprocessing, seed=9)
    served = np.stack([chips.served(row) for row in range(4)]).astype(np.float32)
    answer = twins.predict_on_batch([served, served[[0, 2, 1, 3]]])
    assert answer["similarity"][[0, 3]] == pytest.approx([1, 1], abs=1e-4)
    assert (answer["similarity"][[1, 2]] < 1 - 1e-6).all()


def test_the_log_has_a_row_a_validation_and_event_files(workplace: Workplace) -> None:
    table = TINY | {"run": {"steps": 3, "validate_every": 2}}
    assert main(workplace.arguments("logged", table)) == 0
    rows = read_log(workplace.run_folder("logged"))
    assert [row["step"] for row in rows] == ["2", "3"]
    assert all(0 <= float(row["validation_eer"]) <= 1 for row in rows)
    assert all(float(row["images_per_second"]) > 0 for row in rows)
    assert list((workplace.run_folder("logged") / "tensorboard").iterdir())


def test_a_killed_run_resumes_to_the_same_weights(workplace: Workplace) -> None:
    table = TINY | {"run": {"steps": 24, "validate_every": 4, "deterministic": True}}
    killed = command(workplace.arguments("killed", table))
    checkpoint = workplace.run_folder("killed") / "checkpoint.npz"
    process = subprocess.Popen(killed, cwd=ROOT, stderr=subprocess.PIPE)
    assert process.stderr is not None
    while not checkpoint.exists():
        assert process.stderr.read(1), "the run ended before its first checkpoint"
    process.kill()
    process.stderr.close()
    assert process.wait() == KILLED
    reached = load_checkpoint(checkpoint)[1]["step"]
    assert 0 < reached < 24

    subprocess.run(killed, cwd=ROOT, check=True, capture_output=True)
    whole = command(workplace.arguments("whole", table))
    subprocess.run(whole, cwd=ROOT, check=True, capture_output=True)
    resumed, facts = load_checkpoint(checkpoint)
    straight, _ = load_checkpoint(workplace.run_folder("whole") / "checkpoint.npz")
    assert facts["step"] == 24
    assert resumed.keys() == straight.keys()
    for name, array in straight.items():
        np.testing.assert_allclose(resumed[name], array, atol=1e-6, err_msg=name)
    rows = read_log(workplace.run_folder("killed"))
    assert [int(row["step"]) for row in rows] == list(range(4, 25, 4))


def test_ctrl_c_saves_and_the_same_command_resumes(workplace: Workplace) -> None:
    table = TINY | {"run": {"steps": 100_000, "validate_every": 50_000}}
    arguments = workplace.arguments("stopped", table)
    process = subprocess.Popen(command(arguments), cwd=ROOT, stderr=subprocess.PIPE)
    assert process.stderr is not None
    seen = b""
    while b"loss=" not in seen:
        byte = process.stderr.read(1)
        assert byte, seen.decode()
        seen += byte
    process.send_signal(signal.SIGINT)
    process.stderr.read()
    process.stderr.close()
    assert process.wait() == 130
    saved = load_checkpoint(workplace.run_folder("stopped") / "checkpoint.npz")[1]
    assert 0 < saved["step"] < 100_000


def test_a_run_stops_early_when_validation_no_longer_improves(workplace: Workplace) -> None:
    # A rate so small that nothing changes after the first validation.
    table = TINY | {
        "optimiser": {"rate": 1e-12, "average": 0.0},
        "run": {"steps": 50, "validate_every": 1, "patience": 3},
    }
    assert main(workplace.arguments("early", table)) == 0
    assert len(read_log(workplace.run_folder("early"))) < 10


def test_a_run_of_another_configuration_is_refused_unless_fresh(
    workplace: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    run = {"run": {"steps": 1, "validate_every": 1}}
    assert main(workplace.arguments("same", TINY | run)) == 0
    other = TINY | run | {"seed": 2}
    assert main(workplace.arguments("same", other)) == 2
    assert "was begun with another seed" in capsys.readouterr().err
    assert main(workplace.arguments("same", other, "--fresh")) == 0


def test_a_run_starts_from_an_artifact_and_learns_from_a_teacher(
    workplace: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    run = {"run": {"steps": 2, "validate_every": 1}}
    assert main(workplace.arguments("teacher", TINY | run)) == 0
    distilled = (
        TINY
        | {"run": {"steps": 30, "validate_every": 30}, "loss": {"weight": 0.0}}
        | {"distil": {"teacher": "teacher"}, "optimiser": {"average": 0.5, "warm_up": 5}}
    )
    assert main(workplace.arguments("student", distilled)) == 0
    assert _distance(workplace, "student", "teacher") < 0.5 * UNRELATED

    still = TINY | run | {"optimiser": {"rate": 1e-12, "average": 0.0}}
    assert main(workplace.arguments("copy", still, "--init=teacher")) == 0
    teacher, copy = (
        load_backbone(load_artifact(n, workplace.artifacts)) for n in ("teacher", "copy")
    )
    for a, b in zip(teacher.trainable_weights, copy.trainable_weights, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=1e-6)

    larger = TINY | run | {"network": {"backbone": "koch", "embedding_size": 9}}
    assert main(workplace.arguments("larger", larger, "--init=teacher")) == 2
    assert "no match in teacher, a koch with 8 numbers" in capsys.readouterr().err
    assert main(workplace.arguments("pupil", larger | {"distil": {"teacher": "teacher"}})) == 2
    assert "set network.embedding_size to 8" in capsys.readouterr().err


def test_a_wrong_argument_ends_with_a_sentence(
    workplace: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = TINY | {"data": {"folder": str(workplace.home / "nobody")}}
    for table, sentence in [
        (TINY | {"steps": 3}, "unknown key steps"),
        (folder, "nobody is not a folder"),
        (TINY | {"loss": {"options": {"marjin": 1.0}}}, "unknown option marjin"),
        (TINY | {"batch": {"people": 50}}, "a batch of 50 people, but only 7 are there"),
        (TINY | {"distil": {"teacher": "plato"}}, "no model 'plato'"),
    ]:
        assert main(workplace.arguments("wrong", table)) == 2
        error = capsys.readouterr().err
        assert sentence in error
        assert "Traceback" not in error


def _embeddings(workplace: Workplace, name: str) -> np.ndarray:
    artifact = load_artifact(name, workplace.artifacts)
    chips = synthetic_chips(6, 4, artifact.config.preprocessing, seed=1)
    served = np.stack([chips.served(row) for row in range(len(chips))]).astype(np.float32)
    return embedding_network(load_backbone(artifact)).predict_on_batch(served)


def _distance(workplace: Workplace, one: str, other: str) -> float:
    difference = _embeddings(workplace, one) - _embeddings(workplace, other)
    return float(np.square(difference).sum(axis=1).mean())
