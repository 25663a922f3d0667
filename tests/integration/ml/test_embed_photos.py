from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.evaluation.embed import embed_photos
from ml.evaluation.photos import ProtocolError, photos_in
from tests import faces


@pytest.fixture
def folder(people, tmp_path: Path) -> Path:
    for person in people[:2]:
        home = tmp_path / person.name
        home.mkdir()
        for number, photo in enumerate(person.photos[:2]):
            (home / f"{number}.jpg").write_bytes(photo)
    (home / "empty.jpg").write_bytes(faces.without_face())
    return tmp_path


def test_every_photo_is_embedded_as_the_engine_serves_it(engine, folder):
    photos = photos_in(folder)
    embedded = embed_photos(engine, photos)
    assert len(photos.paths) == 5
    for row in np.flatnonzero(embedded.usable):
        face = engine.analyse(photos.paths[row].read_bytes(), purpose="verify")
        served = embedded.view(engine.artifact.config.mirrored)[row]
        np.testing.assert_allclose(served, face.embedding, atol=1e-4)


def test_a_photo_without_a_face_is_counted_not_dropped(engine, folder):
    embedded = embed_photos(engine, photos_in(folder))
    assert [(path.name, reason) for path, reason in embedded.failures] == [("empty.jpg", "no_face")]
    assert embedded.usable.sum() == 4
    assert not embedded.single[~embedded.usable].any()


def test_a_folder_without_photos_says_what_is_expected(tmp_path):
    with pytest.raises(ProtocolError, match="PERSON/PHOTO"):
        photos_in(tmp_path)
