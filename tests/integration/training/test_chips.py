"""Chips from a folder of photos: by the serving path, once, with every failure counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.faces.decode import decode
from ml.faces.detector.detect import Detector
from ml.faces.preprocess import Preprocessing
from ml.faces.select import main_face
from ml.lab.datasets.chips import Chips, cut_chips
from ml.lab.datasets.folders import scan_people
from ml.lab.datasets.landmarks import Located, locate_faces
from tests.support.faces import jpeg, opened, portraits

PREPROCESSINGS = [
    Preprocessing(112, "arcface"),
    Preprocessing(150, "dlib", equalise="clahe"),
    Preprocessing(64, "dlib", equalise="global", colour="grey"),
]


# Small enough not to be downscaled before the crop.
SIDE_PX = 240


def _small(photo: bytes) -> bytes:
    image = opened(photo)
    image.thumbnail((SIDE_PX, SIDE_PX))
    return jpeg(image)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write photos of two people, and unusable files."""
    home = tmp_path_factory.mktemp("people")
    for person in portraits():
        (home / person.name).mkdir()
        for number, photo in enumerate(person.photos):
            (home / person.name / f"{number}.jpg").write_bytes(_small(photo))
    first = home / portraits()[0].name
    photo = portraits()[0].photos[0]
    (first / "broken.jpg").write_bytes(photo[: len(photo) // 2])
    (first / "text.jpg").write_bytes(b"no picture at all")
    return home


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def located(folder: Path, cache: Path) -> Located:
    return locate_faces(scan_people(folder), cache, "test")


def test_unusable_files_are_skipped_counted_and_named(located: Located) -> None:
    assert located.reasons() == {"not_an_image": 1, "truncated_image": 1}
    assert sorted(p.path.name for p, _ in located.skipped) == ["broken.jpg", "text.jpg"]
    assert len(located.pictures) == sum(len(person.photos) for person in portraits())


@pytest.mark.parametrize("preprocessing", PREPROCESSINGS)
def test_a_chip_equals_the_served_one_except_for_rounding(
    located: Located, cache: Path, preprocessing: Preprocessing
) -> None:
    chips = cut_chips(located, preprocessing, cache, "test")
    detector = Detector()
    for row, picture in enumerate(located.pictures):
        image = decode(picture.path.read_bytes())
        main = main_face(detector.detect(image), image.shape[1], image.shape[0])
        assert main is not None
        served = preprocessing.apply(image, main.landmarks)
        assert served.shape == chips.served(row).shape
        difference = np.abs(chips.served(row).astype(int) - served)
        assert (difference > 0).mean() < 0.05
        assert difference.max() <= 4


def test_people_are_numbered_by_name(located: Located, cache: Path) -> None:
    chips = cut_chips(located, PREPROCESSINGS[0], cache, "test")
    assert chips.people == tuple(sorted(person.name for person in portraits()))
    names = [picture.person for picture in located.pictures]
    assert [chips.people[label] for label in chips.labels] == names


def test_a_selection_of_rows_renumbers_its_people(located: Located, cache: Path) -> None:
    chips = cut_chips(located, PREPROCESSINGS[0], cache, "test")
    second = chips.only(np.flatnonzero(chips.labels == 1))
    assert second.people == chips.people[1:]
    assert set(second.labels) == {0}
    np.testing.assert_array_equal(second.wide[0], chips.wide[np.argmax(chips.labels == 1)])


def test_found_faces_are_cached_until_a_picture_changes(
    folder: Path, located: Located, tmp_path: Path, cache: Path
) -> None:
    again = locate_faces(scan_people(folder), cache, "test")
    assert again.key == located.key
    np.testing.assert_array_equal(again.landmarks, located.landmarks)
    broken = folder / portraits()[0].name / "text.jpg"
    broken.write_bytes(b"another text")
    assert locate_faces(scan_people(folder), cache, "test").key != located.key


def test_a_source_keeps_one_file_for_all_finishes_of_one_cut(
    located: Located, tmp_path: Path
) -> None:
    plain = cut_chips(located, Preprocessing(64, "dlib"), tmp_path, "test")
    grey = cut_chips(located, Preprocessing(64, "dlib", colour="grey"), tmp_path, "test")
    cut_chips(located, Preprocessing(65, "dlib"), tmp_path, "test")
    assert isinstance(plain, Chips)
    assert grey.served(0).shape == (64, 64, 1)
    assert len(list((tmp_path / "chips").iterdir())) == 2
