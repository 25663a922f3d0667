"""Prepared photos: people known from other sets are dropped, and nobody is in two splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.artifacts import NetworkConfig
from ml.faces.preprocess import Preprocessing
from ml.lab.training.config import ArtifactTexts, DataConfig, ExperimentConfig
from ml.lab.training.prepare import Prepared, prepare
from tests.support import faces

pytestmark = pytest.mark.slow

PICTURES = 3


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Prepare six people; one of them is also in another folder."""
    home = tmp_path_factory.mktemp("data")
    people = faces.people()[:6]
    for person in people:
        _write(person, home / "people" / person.name)
    _write(people[0], home / "elsewhere" / "Known")
    config = ExperimentConfig(
        name="x",
        artifact=ArtifactTexts("x"),
        preprocessing=Preprocessing(64, "arcface"),
        network=NetworkConfig("compact", 8),
        data=DataConfig(
            folder=str(home / "people"),
            validation_share=0.4,
            drop_near=(str(home / "elsewhere"),),
            near_person=0.999,
        ),
    )
    # The test's artifacts are elsewhere; the reference model for near people is a shipped one.
    return prepare(config, home / "cache", home / "artifacts")


def _write(person: faces.Person, folder: Path) -> None:
    folder.mkdir(parents=True)
    for number, photo in enumerate(person.photos[:PICTURES]):
        (folder / f"{number}.jpg").write_bytes(photo)


def test_a_person_known_elsewhere_is_dropped_and_named(prepared: Prepared) -> None:
    (near,) = prepared.report["near_people_elsewhere"]
    assert near["near"].endswith("elsewhere/Known")
    assert near["similarity"] == pytest.approx(1, abs=1e-3)
    assert near["person"] not in prepared.train.people + prepared.validation.people


def test_nobody_is_in_two_splits(prepared: Prepared) -> None:
    train, validation = prepared.train, prepared.validation
    assert not set(train.people) & set(validation.people)
    assert len(train.people) + len(validation.people) == 5
    for chips in (train, validation):
        assert len(chips) == len(chips.wide) == len(chips.labels)
        assert set(np.unique(chips.labels)) == set(range(len(chips.people)))


def test_the_report_counts_used_photos(prepared: Prepared) -> None:
    used = prepared.report["used"]
    assert used["training"] == {
        "people": len(prepared.train.people),
        "pictures": len(prepared.train),
    }
    assert prepared.report["pictures"] == 6 * PICTURES
