from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import ml
from ml.errors import NoFace, TwoFaces
from ml.faces.quality import LIVE
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
    assert float(a.embedding @ b.embedding) == pytest.approx(float(pair["similarity"][0]), abs=1e-5)


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


@pytest.mark.parametrize("angle", [45, 90, 135, 160, 180, 225, 270, 300])
def test_a_turned_photo_is_embedded_and_stored_upright(engine, angle):
    for person in faces.portraits():
        portrait = faces.opened(person.photos[0])
        upright = engine.analyse(faces.jpeg(portrait), purpose="verify")
        turned = portrait.rotate(angle, resample=Image.Resampling.BICUBIC, expand=True)
        found = engine.analyse(faces.jpeg(turned), purpose="enrol")
        assert float(found.embedding @ upright.embedding) > 0.9
        assert "tilted" not in found.quality.reasons
        stored = engine.inspect(found.picture)
        assert abs(stored.quality.roll) < LIVE.largest_roll


def test_a_turned_photo_is_described_in_its_own_pixels(engine):
    portrait = faces.opened(faces.portraits()[0].photos[0])
    upright = engine.analyse(faces.jpeg(portrait), purpose="verify").detected
    found = engine.analyse(faces.jpeg(portrait.rotate(180)), purpose="verify").detected
    expected = np.subtract(portrait.size, 1) - upright.landmarks
    assert found.landmarks == pytest.approx(expected, abs=0.1 * upright.eye_distance)
    assert found.centre == pytest.approx(
        np.subtract(portrait.size, 1) - upright.centre, abs=0.2 * upright.eye_distance
    )


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
