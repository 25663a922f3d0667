from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from ml.faces.decode import decode
from ml.faces.detector.detect import SETTINGS, Detector
from ml.faces.pose import head_pose
from ml.faces.rotation import RotatedPicture
from ml.faces.select import main_face, rivals
from ml.faces.types import DetectedFace
from ml.lab.benchmarks.mtcnn_driver import LibraryDetector
from ml.lab.evaluation.protocols.photos import SHARED, photos_in
from tests.support.faces import opened, people, portraits, side_by_side, without_face

pytestmark = pytest.mark.slow


def apart(a: DetectedFace, landmarks: np.ndarray) -> float:
    """Return the mean distance between two faces' landmarks, in eye distances of the first."""
    return float(np.linalg.norm(a.landmarks - landmarks, axis=1).mean() / a.eye_distance)


def on_canvas(photo: np.ndarray, width: int, height: int, share: float) -> np.ndarray:
    """Return a photo scaled by `share`, in the middle of a grey picture."""
    small = cv2.resize(photo, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    canvas = np.full((height, width, 3), 128, np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas


def test_a_portrait_has_one_face_with_its_landmarks_in_place(
    detector: Detector, portrait: np.ndarray
) -> None:
    (face,) = detector.detect(portrait)
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    x, y, width, height = face.box
    assert (face.landmarks > (x, y)).all()
    assert (face.landmarks < (x + width, y + height)).all()
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    assert face.confidence > 0.99


@pytest.mark.parametrize("picture", [decode(without_face()), np.zeros((480, 640, 3), np.uint8)])
def test_a_plain_picture_has_no_face(detector: Detector, picture: np.ndarray) -> None:
    assert detector.detect(picture, thorough=True) == []


@pytest.mark.parametrize("shape", [(32, 32), (32, 700), (700, 32)])
def test_pictures_of_any_shape_are_searched(detector: Detector, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    assert all(face.confidence >= SETTINGS.output for face in detector.detect(noise))


@pytest.mark.parametrize("scale", [2, 5])
def test_landmarks_are_as_exact_in_a_larger_picture(
    detector: Detector, portrait: np.ndarray, scale: int
) -> None:
    (face,) = detector.detect(portrait)
    larger = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    (found,) = detector.detect(larger)
    assert apart(found, (face.landmarks + 0.5) * scale - 0.5) < 0.03


def test_mirroring_a_picture_mirrors_its_landmarks(
    detector: Detector, portrait: np.ndarray
) -> None:
    (face,) = detector.detect(portrait)
    (mirrored,) = detector.detect(np.ascontiguousarray(portrait[:, ::-1]))
    expected = face.landmarks[[1, 0, 2, 4, 3]]
    expected = np.column_stack([portrait.shape[1] - 1 - expected[:, 0], expected[:, 1]])
    assert apart(mirrored, expected) < 0.06


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_face_in_a_rotated_picture_is_found_in_its_orientation(
    detector: Detector, portrait: np.ndarray, turns: int
) -> None:
    (face,) = detector.detect(portrait)
    turned = np.ascontiguousarray(np.rot90(portrait, turns))
    (found,) = detector.detect(turned, thorough=True)
    points = face.landmarks
    for turn in range(turns):
        side = portrait.shape[1] if turn % 2 == 0 else portrait.shape[0]
        points = np.column_stack([points[:, 1], side - 1 - points[:, 0]])
    assert apart(found, points) < 0.03
    x, y, width, height = found.box
    assert (found.landmarks > (x, y)).all()
    assert (found.landmarks < (x + width, y + height)).all()


@pytest.mark.parametrize("angle", [40, 45, 120, 135, 150, 225, 240, 315])
def test_a_face_rotated_by_any_angle_is_found_as_it_stands(
    detector: Detector, portrait: np.ndarray, angle: float
) -> None:
    (face,) = detector.detect(portrait)
    rotated = RotatedPicture.of(portrait, angle)
    picture = rotated.pixels
    main = main_face(detector.detect(picture), picture.shape[1], picture.shape[0])
    assert main is not None
    assert apart(main, rotated.face_there(face).landmarks) < 0.1


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_no_turned_face_is_read_as_an_upright_one_in_a_live_frame(
    detector: Detector, portrait: np.ndarray, turns: int
) -> None:
    turned = np.ascontiguousarray(np.rot90(portrait, turns))
    rolls = [
        abs(head_pose(face.landmarks).roll) for face in detector.detect(turned, thorough=False)
    ]
    assert all(roll > 60 for roll in rolls)


def test_a_small_face_is_found_by_the_thorough_pass(
    detector: Detector, portrait: np.ndarray
) -> None:
    (face,) = detector.detect(portrait)
    share = 40 / face.size
    picture = on_canvas(portrait, 1600, 1200, share)
    assert detector.detect(picture, thorough=False) == []
    (found,) = detector.detect(picture, thorough=True)
    assert found.size == pytest.approx(40, rel=0.2)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("share_of_width", [0.03, 0.05])
def test_a_small_face_in_a_large_picture_is_found_in_its_orientation(
    detector: Detector, portrait: np.ndarray, share_of_width: float, turns: int
) -> None:
    (face,) = detector.detect(portrait)
    picture = on_canvas(portrait, 1600, 1200, share_of_width * 1600 / face.size)
    (upright,) = detector.detect(picture)

    (found,) = detector.detect(np.ascontiguousarray(np.rot90(picture, turns)))

    assert found.size == pytest.approx(share_of_width * 1600, rel=0.2)
    roll = abs(head_pose(upright.landmarks).roll - head_pose(found.landmarks).roll)
    assert min(roll, 360 - roll) == pytest.approx(min(turns, 4 - turns) * 90, abs=15)


def test_everybody_in_a_group_is_found(detector: Detector) -> None:
    collins, hopper = (person.photos for person in portraits())
    rgb = decode(side_by_side(collins[0], hopper[0], collins[1], hopper[3]))
    faces = detector.detect(rgb)
    assert len(faces) == 4
    main = main_face(faces, rgb.shape[1], rgb.shape[0])
    assert main is not None
    assert rivals(faces, main)


def test_threads_may_share_a_detector(detector: Detector) -> None:
    photos = [np.asarray(opened(photo)) for person in portraits() for photo in person.photos]
    alone = [detector.detect(photo)[0].landmarks for photo in photos]
    with ThreadPoolExecutor(4) as threads:
        together = [faces[0].landmarks for faces in threads.map(detector.detect, photos)]
    np.testing.assert_allclose(together[0], alone[0], atol=0.01)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, atol=0.01)


def test_faces_are_those_of_the_librarys_own_driver(detector: Detector) -> None:
    library, distances = LibraryDetector(), []
    photos = [photo for person in people() for photo in person.photos[:3]]
    for photo in photos:
        rgb = decode(photo)
        theirs = main_face(library.detect(rgb), rgb.shape[1], rgb.shape[0])
        ours = main_face(detector.detect(rgb, thorough=False), rgb.shape[1], rgb.shape[0])
        assert (theirs is None) == (ours is None)
        if theirs is not None and ours is not None:
            distances.append(apart(theirs, ours.landmarks))
    assert len(distances) >= len(photos) - 1
    assert np.mean(distances) < 0.04


@pytest.mark.data
def test_hardly_a_photo_from_the_web_is_without_a_face(detector: Detector) -> None:
    paths = photos_in(SHARED / "celeba_wild" / "test").paths
    without = [path for path in paths if not detector.detect(decode(path.read_bytes()))]
    assert len(without) <= 0.01 * len(paths)
