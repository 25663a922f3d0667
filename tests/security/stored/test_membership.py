"""Claims do not reveal whether a person is enrolled, for any frames.

The faces are drawn from a normal distribution around the shipped model's mean face. They are about
as similar as photos of strangers, and the calibration is measured on them, so no photo is needed.
With real embeddings (555 photos of 200 people) no AUC exceeded 0.58; before decoys, 0.83.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flask import Flask

import ml
from tests.integration.site.test_pages import shape
from tests.support.fake_engine import FakeEngine, picture
from tests.support.installation import CHEAP, Visitor
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.crypto.vault import InstallationSecrets
from webapp.db.key_store import key_store
from webapp.db.models import FailureCount
from webapp.db.transactions import unit_of_work
from webapp.gallery.base import mean_similarities
from webapp.inference.active_model import active_model
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.matching.decoys import decoy_similarity
from webapp.services.matching.verification import verify
from webapp.services.thresholds import verification
from webapp.services.thresholds.verification import Threshold
from webapp.settings import Settings
from webapp.web.display.scores import shown_score

PEOPLE, ANCHORS = 400, 3
TRIES = (1, 4, 9)
# Variance of photos around the mean face, and of one person's photos around their own.
AMONG_PEOPLE, WITHIN_PERSON = 0.138, 0.037
MOST_AUC = 0.6


class Faces:
    """Embeddings of drawn people."""

    def __init__(self, calibration: ml.Calibration) -> None:
        self.random = np.random.default_rng(11)
        self.middle = calibration.middle
        size = len(self.middle)
        own, _ = np.linalg.qr(self.random.standard_normal((size, size)))
        along = self.middle / np.linalg.norm(self.middle)
        weights = (np.arange(size) + 3.0) ** -1.2
        axes = own - np.outer(own @ along, along)
        self.axes = np.sqrt(weights / weights.sum())[:, None] * axes

    def people(self, count: int) -> np.ndarray:
        """Return `number` people around the mean face, (n, d)."""
        return np.sqrt(AMONG_PEOPLE) * self._beside(count)

    def photos(self, people: np.ndarray) -> np.ndarray:
        """Return a photo of each person, float32 (n, d) of unit length."""
        shown = self.middle + people + np.sqrt(WITHIN_PERSON) * self._beside(len(people))
        return (shown / np.linalg.norm(shown, axis=1, keepdims=True)).astype(np.float32)

    def _beside(self, count: int) -> np.ndarray:
        return self.random.standard_normal((count, len(self.middle))) @ self.axes


@pytest.fixture(scope="module")
def app(fresh_installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    instance = tmp_path_factory.mktemp("membership") / "instance"
    shutil.copytree(fresh_installation, instance)
    made = create_app(Settings(instance=instance, password_cost=CHEAP), FakeEngine())
    with made.app_context():
        yield made


def calibration_of(faces: Faces, shipped: ml.Calibration) -> ml.Calibration:
    """Return a calibration measured on these faces."""
    photos = faces.photos(faces.people(1000))
    normalised = shipped.normaliser(photos)
    found = normalised.similarities(normalised)[np.triu_indices(len(photos), 1)]
    threshold = np.linspace(found.min(), found.max(), 400)
    far = np.searchsorted(np.sort(-found), -threshold, side="right") / len(found)
    rates = dict.fromkeys(("far", "far_low", "far_high"), far)
    rates |= dict.fromkeys(("frr", "frr_low", "frr_high"), np.zeros(len(far)))
    pairs = replace(shipped.pairs, threshold=threshold, **rates)
    return replace(shipped, pairs=pairs, middle=photos.mean(axis=0).astype(np.float64))


@pytest.fixture
def drawn(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Faces:
    engine = active_model().engine
    faces = Faces(engine.calibration)
    # Decoys follow from the installation's key; a fixed key makes them the same in every run.
    monkeypatch.setattr(key_store(), "_secrets", InstallationSecrets(bytes(32)))
    monkeypatch.setattr(engine, "calibration", calibration_of(faces, engine.calibration))
    return faces


def probes_of(faces: Faces, frames: int) -> list[np.ndarray]:
    """Return an attacker's tries, each of `frames` frames of different people, (frames, d)."""
    return [faces.photos(faces.people(frames)) for _ in range(max(TRIES))]


def scores_of_enrolled(
    faces: Faces, probes: Sequence[np.ndarray], rule: str, anchors: int = ANCHORS
) -> np.ndarray:
    """Return the public scores of people with a number of anchors, (people, tries)."""
    people = faces.people(PEOPLE)
    rows = np.stack([faces.photos(people) for _ in range(anchors)], axis=1)
    enrolled = rows.reshape(-1, rows.shape[2])
    grouped = ml.Anchors(np.arange(0, len(enrolled), anchors), len(enrolled))
    normaliser = active_model().engine.calibration.normaliser
    anchors_of_all = normaliser(enrolled)
    tried = [mean_similarities(anchors_of_all, normaliser(frames)) for frames in probes]
    found = ml.person_similarities(np.stack(tried, axis=1), grouped, rule)
    return seen(np.minimum(found, np.nextafter(verification.in_force().similarity, -1)))


def scores_of_nobody(probes: Sequence[np.ndarray], rule: str) -> np.ndarray:
    """Return the public scores of unknown identifiers, (identifiers, tries)."""
    in_force = verification.in_force()
    threshold = Threshold(in_force.similarity, in_force.score, rule)
    return seen(
        np.array(
            [
                [decoy_similarity(f"nobody {number}", frames, threshold) for frames in probes]
                for number in range(PEOPLE)
            ]
        )
    )


def seen(similarities: np.ndarray) -> np.ndarray:
    score = active_model().engine.calibration.score
    return np.round(np.vectorize(lambda one: shown_score(score(one), False))(similarities))


def auc(enrolled: np.ndarray, nobody: np.ndarray) -> float:
    """Return how well a number separates the two groups, 0.5 (not at all) to 1."""
    above = (enrolled[:, None] > nobody[None]).mean()
    same = (enrolled[:, None] == nobody[None]).mean()
    return float(max(above + same / 2, 1 - above - same / 2))


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_mixed_frames_do_not_reveal_enrolment(drawn: Faces, frames: int) -> None:
    probes = probes_of(drawn, frames)
    enrolled = scores_of_enrolled(drawn, probes, "best")
    nobody = scores_of_nobody(probes, "best")

    reported = {
        (tries, measure.__name__): auc(
            measure(enrolled[:, :tries], axis=1), measure(nobody[:, :tries], axis=1)
        )
        for tries in TRIES
        for measure in (np.std, np.mean, np.max)
    }

    assert {key: value for key, value in reported.items() if value > MOST_AUC} == {}


@pytest.mark.parametrize("rule", ml.match_rules)
def test_no_matching_rule_reveals_enrolment_by_the_spread(drawn: Faces, rule: str) -> None:
    probes = probes_of(drawn, 5)
    enrolled, nobody = scores_of_enrolled(drawn, probes, rule), scores_of_nobody(probes, rule)

    reported = auc(enrolled.std(axis=1), nobody.std(axis=1))
    assert reported <= MOST_AUC


@pytest.mark.parametrize(
    ("anchors", "most"),
    [
        (1, 0.65),  # fewer than decoys have on average
        (2, MOST_AUC),
        (3, MOST_AUC),
        (5, MOST_AUC),
        (10, MOST_AUC),
    ],
)
def test_no_number_of_anchors_reveals_enrolment_by_the_spread(
    drawn: Faces, anchors: int, most: float
) -> None:
    probes = probes_of(drawn, 5)
    enrolled = scores_of_enrolled(drawn, probes, "best", anchors)

    reported = auc(enrolled.std(axis=1), scores_of_nobody(probes, "best").std(axis=1))
    assert reported <= most


def test_an_unknown_claim_is_compared_frame_by_frame(app: Flask) -> None:
    faces = [
        active_model().engine.analyse(picture(person), purpose="verify") for person in range(5)
    ]
    store.enrol(NewPerson("somebody", "Somebody", True), faces[:1], SERVER)
    mixed = np.stack([face.embedding for face in faces])

    decision = verify("nobody", [picture(person) for person in range(5)], SERVER)

    expected = decoy_similarity("nobody", mixed, verification.in_force())
    assert decision.similarity == pytest.approx(expected)


@pytest.mark.parametrize("rule", ml.match_rules)
@pytest.mark.parametrize("anchors", [1, 10])
def test_the_page_is_as_long_for_nobody(app: Flask, anchors: int, rule: str) -> None:
    identifier = f"{rule}-{anchors}"
    enrolled = [
        active_model().engine.analyse(picture(50, number), purpose="verify")
        for number in range(anchors)
    ]
    store.enrol(NewPerson(identifier, "Somebody", True), enrolled, SERVER)
    verification.change(50, "another rule", SERVER, rule=rule, confirmed=True)
    visitor = Visitor(app)

    def page(claim: str) -> str:
        with unit_of_work() as session:
            session.query(FailureCount).delete()
        frames = {"frames": [picture(60), picture(61)]}
        return shape(visitor.post("/verify", frames, identifier=claim).text, claim)

    assert page(identifier) == page("nobody at all")
