from __future__ import annotations

import numpy as np
import pytest

import ml
from ml.errors import NoFace, TwoFaces
from ml.siamese.twin import embedding_network, twin_network
from ml.siamese.weights import load_backbone
from tests.support import faces

pytestmark = pytest.mark.real_faces


def test_the_main_face_is_embedded_with_unit_length(engine, people):
    face = engine.analyse(people[0].photos[0], purpose="enrol")
    assert face.embedding.shape == (engine.embedding_size,)
    assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-5)
    assert face.chip.shape == (150, 150, 3)


def test_served_comparison_equals_the_twin_network(engine, people):
    a, b = (engine.analyse(photo, purpose="verify") for photo in people[0].photos[:2])
    network = embedding_network(load_backbone(engine.artifact), mirrored=True)
    twins = twin_network(network)
    pair = twins([a.chip[None].astype(np.float32), b.chip[None].astype(np.float32)])
    assert engine.compare(a, b).similarity == pytest.approx(float(pair["similarity"][0]), abs=1e-5)


def test_a_stored_picture_gives_nearly_the_same_embedding(engine, people):
    face = engine.analyse(people[0].photos[0], purpose="enrol")
    again = engine.analyse(face.picture, purpose="enrol")
    assert float(face.embedding @ again.embedding) > 0.985


def test_a_stored_picture_carries_no_metadata(engine):
    portrait = faces.opened(faces.portraits()[0].photos[0])
    exif = portrait.getexif()
    exif[0x010E] = "where and when"
    data = faces.jpeg(portrait, exif=exif)
    assert b"where and when" in data
    assert b"where and when" not in engine.analyse(data, purpose="enrol").picture


def test_enrolling_refuses_two_people_and_verifying_takes_one(engine, people):
    both = faces.side_by_side(people[0].photos[0], people[1].photos[0])
    with pytest.raises(TwoFaces):
        engine.analyse(both, purpose="enrol")
    assert engine.analyse(both, purpose="verify").embedding.shape == (engine.embedding_size,)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_rotated_photo_is_embedded_upright_and_reported_as_tilted(engine, turns):
    for person in faces.portraits():
        portrait = faces.opened(person.photos[0])
        upright = engine.analyse(faces.jpeg(portrait), purpose="verify")
        turned = portrait.rotate(90 * turns, expand=True)
        found = engine.analyse(faces.jpeg(turned), purpose="verify")
        assert "tilted" in found.quality.reasons
        assert float(found.embedding @ upright.embedding) > 0.95


def test_a_picture_without_a_face_is_refused_but_can_be_inspected(engine):
    with pytest.raises(NoFace):
        engine.analyse(faces.without_face(), purpose="verify")
    inspection = engine.inspect(faces.without_face())
    assert inspection.main is None
    assert (inspection.width, inspection.height) == (320, 240)


def test_strangers_score_low_and_the_threshold_is_at_fifty(engine, people):
    calibration = engine.calibration
    assert calibration.score(calibration.default_threshold) == pytest.approx(50)
    mine, theirs = (engine.analyse(person.photos[0], purpose="verify") for person in people[:2])
    assert engine.compare(mine, theirs).score < 35


def test_unknown_model_is_refused_by_name():
    with pytest.raises(ml.ModelNotFound, match="installed"):
        ml.load_engine("nobody")
