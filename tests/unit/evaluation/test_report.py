from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_curve

from ml import load_artifact
from ml.artifacts import Artifact
from ml.faces.align import TEMPLATES
from ml.lab.evaluation.embed import Embedded
from ml.lab.evaluation.measure import FARS, Measured
from ml.lab.evaluation.measures.figures import model_figures
from ml.lab.evaluation.measures.impostors import Side, compare_strangers
from ml.lab.evaluation.measures.resampling import accuracy
from ml.lab.evaluation.protocols.folder_pairs import folder_pairs
from ml.lab.evaluation.protocols.pairs import score_pairs
from ml.lab.evaluation.protocols.photos import Photos
from ml.lab.evaluation.protocols.protocols import Protocol
from ml.lab.evaluation.reports.curves import rates
from ml.lab.evaluation.reports.embedding_map import embedding_map
from ml.lab.evaluation.reports.report import render
from ml.lab.evaluation.reports.summary import summary
from ml.normalisation import PLAIN_COSINE

pytestmark = pytest.mark.slow

PEOPLE, EACH, SIDE = 6, 4, 80
# A folder can have any name.
ODD_NAME = "<b>Ann & Ben</b>"


@pytest.fixture(scope="module")
def protocol(tmp_path_factory) -> Protocol:
    """Create grey squares as photos for the sheets; the embeddings are invented."""
    home = tmp_path_factory.mktemp("photos")
    paths = tuple(home / f"{number}.jpg" for number in range(PEOPLE * EACH))
    for path in paths:
        Image.new("RGB", (SIDE, SIDE), (120, 120, 120)).save(path)
    names = (ODD_NAME, *(f"person {number}" for number in range(1, PEOPLE)))
    photos = Photos(paths, np.repeat(np.arange(PEOPLE), EACH), names)
    return Protocol("made-up", "Made-up people", folder_pairs(photos), "dealt")


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return load_artifact("open")


def measured(protocol: Protocol, artifact: Artifact, spread: float) -> Measured:
    """Return a model that separates photos of a person by an angle; one photo has no face."""
    generator = np.random.default_rng(3)
    photos = protocol.pairs.photos
    faces = generator.normal(size=(PEOPLE, 6))[photos.person]
    faces = faces + spread * generator.normal(size=faces.shape)
    faces = (faces / np.linalg.norm(faces, axis=1, keepdims=True)).astype(np.float32)
    usable = np.arange(len(faces)) != 1
    landmarks = np.tile(TEMPLATES["dlib"].scaled(SIDE), (len(faces), 1, 1)).astype(np.float32)
    embedded = Embedded(photos, usable, faces, faces, landmarks, ((photos.paths[1], "no_face"),))
    scores = {
        view: score_pairs(protocol.pairs, embedded, mirrored=view == "mirrored")
        for view in ("single", "mirrored")
    }
    impostors = compare_strangers(Side(PLAIN_COSINE(faces), usable), photos.person)
    genuine = scores["mirrored"].genuine_trials
    over_all = accuracy(genuine, impostors.trials, FARS, PEOPLE, rounds=50)
    return Measured(artifact, None, embedded, scores, impostors, over_all, [], [], None)


@pytest.fixture(scope="module")
def models(protocol, artifact) -> list[Measured]:
    return [measured(protocol, artifact, spread) for spread in (0.3, 1.0)]


@pytest.fixture(scope="module")
def page(protocol, models) -> str:
    return render(protocol, models)


def test_the_curve_is_that_of_scikit_learn(models):
    model = models[1]
    genuine, impostor = model.served_scores.genuine, model.impostors.similarity
    labels = np.concatenate([np.ones(len(genuine)), np.zeros(len(impostor))])
    far, tar, _ = roc_curve(labels, np.concatenate([genuine, impostor]), drop_intermediate=False)
    ours = np.column_stack(rates(model))
    theirs = np.column_stack([far[1:], 1 - tar[1:]])
    # Curves have bins of similarity, so each of our points is one of theirs.
    distance = np.abs(ours[:, None] - theirs[None]).max(axis=2).min(axis=1)
    assert distance.max() < 1e-9


@pytest.mark.slow
def test_the_page_fetches_nothing_and_runs_nothing(page):
    for address in re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", page):
        assert address.startswith(("data:image/jpeg;base64,", "#"))
    for address in re.findall(r"url\(([^)]*)\)", page):
        assert address.strip("\"'").startswith("#")
    assert "<script" not in page


def test_parts_of_the_drawings_have_names_of_their_own(page):
    names = [
        name
        for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL)
        for name in re.findall(r'<clipPath id="([^"]+)"', drawing)
    ]
    assert len(names) == len(set(names))


def test_drawings_take_the_colour_of_the_page(page):
    assert "currentColor" in page
    assert "#010203" not in page
    assert "color-scheme: light dark" in page


def test_names_of_people_are_text_not_markup(page):
    assert ODD_NAME not in page
    assert "&lt;b&gt;Ann &amp; Ben&lt;/b&gt;" in page


def test_a_pair_without_a_face_is_on_the_sheet(page):
    assert "no face found" in page


def test_further_models_are_compared_with_the_first(page):
    table = page[page.index("Compared with") :]
    row = re.search(r'scope="row">EER</th><td>([\d.]+) %', table)
    assert row
    assert float(row[1]) > 0


def test_sections_that_were_not_measured_are_left_out(page):
    for title in ("Several anchors", "Identification (1:N)", "Degraded photos"):
        assert title not in page
    assert "not calibrated" in page


def test_figures_are_plain_values(models):
    table = json.loads(json.dumps(model_figures(models[0]), allow_nan=False))
    assert table["failures"] == {"no_face": 1}
    everything = table["pairs"]["all_impostor_pairs"]
    assert everything["pairs"] == EACH**2 * PEOPLE * (PEOPLE - 1) // 2
    assert everything["far_supported"] == 3 / 15
    assert everything["tar_at_far_1e-3"]["low"] <= everything["tar_at_far_1e-3"]["value"]
    served = table["pairs"]["mirrored"]
    assert served["accuracy_low"] <= served["accuracy"] <= served["accuracy_high"]


def test_the_summary_names_every_model_and_failure(protocol, models):
    words = summary(protocol, models)
    assert words.count("failures to enrol          1") == 2
    assert "Made-up people: 24 photos of 6 people" in words


def test_photos_of_one_person_lie_together_on_the_map(models):
    layout = embedding_map(models[0].embedded, mirrored=False)
    assert len(layout.places) == PEOPLE * EACH - 1
    middles = np.array([layout.places[layout.person == one].mean(axis=0) for one in range(PEOPLE)])
    nearest = np.linalg.norm(layout.places[:, None] - middles[None], axis=2).argmin(axis=1)
    assert (nearest == layout.person).mean() > 0.9


def test_too_few_photos_give_no_map(models, protocol):
    embedded = models[0].embedded
    few = Embedded(
        embedded.photos,
        np.arange(len(embedded.usable)) < 5,
        embedded.single,
        embedded.mirrored,
        embedded.landmarks,
        (),
    )
    assert embedding_map(few, mirrored=False) is None
