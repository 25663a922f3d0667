from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.lab.evaluation.embed import embed_photos
from ml.lab.evaluation.protocols.photos import ProtocolError, photos_in
from tests.support import faces

pytestmark = pytest.mark.real_faces


@pytest.fixture
def folder(people, tmp_path: Path) -> Path:
    for person in people[:2]:
        home = tmp_path / person.name
        home.mkdir()
        for number, photo in enumerate(person.photos[:2]):
            (home / f"{number}.jpg").write_bytes(photo)
    (home / "empty.jpg").write_bytes(faces.without_face())
    return tmp_path


def test_every_photo_is_embedded_as_the_engine_serves_it(real_engine, folder, tmp_path_factory):
    photos = photos_in(folder)
    embedded = embed_photos(real_engine.artifact, photos, cache=tmp_path_factory.mktemp("cache"))
    assert len(photos.paths) == 5
    for row in np.flatnonzero(embedded.usable):
        face = real_engine.analyse(photos.paths[row].read_bytes(), purpose="verify")
        served = embedded.embeddings(real_engine.artifact.config.mirrored)[row]
        np.testing.assert_allclose(served, face.embedding, atol=1e-4)


def test_a_photo_without_a_face_is_counted_not_dropped(real_engine, folder, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    embedded = embed_photos(real_engine.artifact, photos_in(folder), cache=cache)
    assert [(path.name, reason) for path, reason in embedded.failures] == [("empty.jpg", "no_face")]
    assert embedded.usable.sum() == 4
    assert not embedded.single[~embedded.usable].any()


def test_a_second_time_nothing_is_searched_or_embedded(real_engine, folder, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    first = embed_photos(real_engine.artifact, photos_in(folder), cache=cache)
    kept = {path: path.stat().st_mtime_ns for path in cache.rglob("*.*")}
    again = embed_photos(real_engine.artifact, photos_in(folder), cache=cache)
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.*")} == kept
    np.testing.assert_array_equal(first.mirrored, again.mirrored)
    np.testing.assert_array_equal(first.usable, again.usable)


def test_a_changed_photo_is_embedded_again(real_engine, people, folder, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    photos = photos_in(folder)
    first = embed_photos(real_engine.artifact, photos, cache=cache)
    photos.paths[0].write_bytes(people[0].photos[2])
    changed = embed_photos(real_engine.artifact, photos, cache=cache)
    same = np.isclose(first.single, changed.single, atol=1e-4).all(axis=1)
    assert same.tolist() == [False] + [True] * 4


def test_a_folder_without_photos_is_refused_with_the_expected_layout(tmp_path):
    with pytest.raises(ProtocolError, match="PERSON/PHOTO"):
        photos_in(tmp_path)
