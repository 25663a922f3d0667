from __future__ import annotations

import json
import re
from pathlib import Path

import keras
import pytest

from ml.artifacts import ArtifactConfig, NetworkConfig
from ml.faces.preprocess import Preprocessing
from ml.lab.convert.onnx import install
from ml.lab.evaluation.evaluate import main
from ml.lab.evaluation.measures.degradations import CHANGES
from ml.siamese.backbones import build_backbone
from tests.support import faces

pytestmark = pytest.mark.real_faces

PEOPLE, PHOTOS = 4, 3


def copy_people(home: Path, start: int, photos: int) -> Path:
    """Copy a folder of people, and one picture without a face."""
    for person in faces.people()[start : start + PEOPLE]:
        (home / person.name).mkdir(parents=True)
        for number, photo in enumerate(person.photos[:photos]):
            (home / person.name / f"{number}.jpg").write_bytes(photo)
    (home / person.name / "empty.jpg").write_bytes(faces.without_face())
    return home


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """Return an untrained network of another shape, as an artifact outside of the package."""
    keras.utils.set_random_seed(1)
    config = ArtifactConfig(
        name="tiny",
        title="untrained",
        terms="open",
        licence="none",
        mirrored=False,
        network=NetworkConfig("koch", 8),
        preprocessing=Preprocessing(65, equalise="global", colour="grey"),
    )
    backbone = build_backbone("koch", image_size=65, channels=1, embedding_size=8)
    return install(tmp_path_factory.mktemp("artifacts"), config, backbone)


@pytest.fixture(scope="module")
def reported(tiny, tmp_path_factory) -> dict[str, Path]:
    """Run the command once over a folder with two models."""
    home = tmp_path_factory.mktemp("evaluation")
    places = {name: home / name for name in ("cache", "reports")}
    places["photos"] = copy_people(home / "photos" / "people", 0, PHOTOS)
    places["strangers"] = copy_people(home / "strangers", PEOPLE, 1)
    places["tiny"] = tiny
    assert main(command(places)) == 0
    return places


def command(places: dict[str, Path]) -> list[str]:
    options = ("strangers", "cache", "reports")
    words = [word for name in options for word in (f"--{name}", str(places[name]))]
    return ["open", str(places["tiny"]), "--protocol", str(places["photos"]), *words]


def figures(places: dict[str, Path]) -> dict:
    return json.loads((places["reports"] / "photos-people.json").read_text())


def test_the_report_needs_nothing_from_elsewhere(reported):
    page = (reported["reports"] / "photos-people.html").read_text()
    addresses = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"'>)\s]+)""", page)
    assert addresses
    assert {re.sub(r"^(data:image/jpeg|#).*", r"\1", address) for address in addresses} <= {
        "data:image/jpeg",
        "#",
    }
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_both_models_are_compared(reported):
    page = (reported["reports"] / "photos-people.html").read_text()
    assert re.search(r"<th[^>]*>open</th>\s*<th[^>]*>tiny</th>", page)
    names = [model["model_id"].split("-")[0] for model in figures(reported)["models"]]
    assert names == ["open", "tiny"]


def test_a_photo_without_a_face_is_counted(reported):
    for model in figures(reported)["models"]:
        assert model["failures"] == {"no_face": 1}
        assert model["pairs"]["single"]["failures_to_enrol"] == 1


def test_every_pair_of_strangers_is_compared(reported):
    photos = PEOPLE * PHOTOS + 1
    within = 3 * PHOTOS * (PHOTOS - 1) // 2 + (PHOTOS + 1) * PHOTOS // 2
    for model in figures(reported)["models"]:
        assert model["pairs"]["all_impostor_pairs"]["pairs"] == photos * (photos - 1) // 2 - within


def test_a_trained_network_beats_an_untrained_one(reported):
    trained, untrained = (model["pairs"] for model in figures(reported)["models"])
    assert (
        trained["all_impostor_pairs"]["eer"]["value"]
        < untrained["all_impostor_pairs"]["eer"]["value"]
    )


def test_bad_pictures_of_every_kind_were_tried(reported):
    degraded = figures(reported)["models"][0]["degraded"]
    assert set(degraded) == {"mean_frr_at_far_1e-3", "untouched", *CHANGES}
    assert degraded["untouched"]["failures_to_enrol"] == 1


def test_the_second_report_embeds_nothing(reported, capsys):
    kept = {path: path.stat().st_mtime_ns for path in reported["cache"].rglob("*.*")}
    before = figures(reported)
    assert main(command(reported)) == 0
    assert {path: path.stat().st_mtime_ns for path in reported["cache"].rglob("*.*")} == kept
    assert figures(reported) == before
    words = capsys.readouterr().out
    assert "failures to enrol          1" in words
    assert "accuracy, mirrored" in words


def test_a_table_of_pairs_is_measured(tmp_path):
    home = copy_people(tmp_path / "people", 0, 2)
    photos = {person.name: sorted(person.glob("*.jpg")) for person in sorted(home.iterdir())}
    same = [paths[:2] for paths in photos.values()]
    other = [(a[0], b[0]) for a, b in zip(same[::2], same[1::2], strict=True)]
    lines = [f"{a.relative_to(home)},{b.relative_to(home)}" for a, b in [*same, *other]]
    (home / "pairs.csv").write_text("\n".join(["a,b", *lines]))
    options = ["--cache", str(tmp_path / "cache"), "--reports", str(tmp_path / "reports")]
    assert main(["--protocol", str(home / "pairs.csv"), *options]) == 0
    report = json.loads((tmp_path / "reports" / "pairs.json").read_text())
    assert report["folds"] == "disjoint by person"
    assert report["models"][0]["pairs"]["mirrored"]["accuracy"] > 0.8


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nobody"], "installed: "),
        (["--protocol", "no/such/folder"], "no/such/folder is not a folder"),
        (["--protocol", "no/such/pairs.csv"], "cannot be read"),
    ],
)
def test_an_impossible_evaluation_is_explained_in_one_line(words, complaint, capsys):
    assert main(words) == 2
    shown = capsys.readouterr().err
    assert complaint in shown
    assert shown.count("\n") == 1


def test_photos_are_measured_again_without_those_the_guidance_complains_of(reported):
    for model in figures(reported)["models"]:
        assert 0 < model["faultless"]["photos"] <= PEOPLE * PHOTOS
