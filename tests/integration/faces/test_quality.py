from __future__ import annotations

from dataclasses import replace
from itertools import product

import cv2
import numpy as np
import pytest

from ml.faces.decode import decode
from ml.faces.detector.detect import Detector
from ml.faces.pose import MEAN_HEAD_MM
from ml.faces.quality import LIVE, THRESHOLDS, assess
from ml.faces.select import main_face
from ml.faces.types import DetectedFace, Quality
from ml.lab.evaluation.protocols.photos import SHARED, photos_in
from tests.support.covers import COVERS, cloth_of, covered


@pytest.fixture
def face(detector: Detector, portrait: np.ndarray) -> DetectedFace:
    (found,) = detector.detect(portrait)
    return found


def seen(detector: Detector, picture: np.ndarray) -> Quality:
    """Return the quality of the picture's main face."""
    main = main_face(detector.detect(picture), picture.shape[1], picture.shape[0])
    assert main is not None
    return assess(picture, main)


def brightened(picture: np.ndarray, factor: float, offset: float = 0) -> np.ndarray:
    return np.clip(picture * factor + offset, 0, 255).astype(np.uint8)


def on_canvas(picture: np.ndarray, width: int, height: int, place: tuple[int, int]) -> np.ndarray:
    """Return a picture pasted at a position of a grey one."""
    canvas = np.full((height, width, 3), 128, np.uint8)
    x, y = place
    canvas[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return canvas


def test_a_portrait_is_good(portrait: np.ndarray, face: DetectedFace) -> None:
    quality = assess(portrait, face)
    assert quality.reasons == ()
    assert quality.good
    assert quality.eye_distance_px == pytest.approx(face.eye_distance)
    assert abs(quality.roll) < 15


def test_a_few_pixels_are_too_small(
    detector: Detector, portrait: np.ndarray, face: DetectedFace
) -> None:
    share = 24 / face.size
    small = cv2.resize(portrait, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    assert "too_small" in seen(detector, on_canvas(small, 320, 240, (100, 60))).reasons


def test_a_face_that_fills_the_picture_is_too_close(
    portrait: np.ndarray, face: DetectedFace
) -> None:
    x, y, width, height = (round(value) for value in face.box)
    cut = portrait[max(y, 0) : y + height, max(x, 0) : x + width]
    moved = replace(
        face, box=(0.0, 0.0, float(width), float(height)), landmarks=face.landmarks - (x, y)
    )
    assert "too_close" in assess(cut, moved).reasons


def test_a_face_at_the_corner_is_off_centre(
    detector: Detector, portrait: np.ndarray, face: DetectedFace
) -> None:
    share = 60 / face.size
    small = cv2.resize(portrait, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    picture = on_canvas(small, 1000, 750, (0, 0))
    assert "off_centre" in seen(detector, picture).reasons


@pytest.mark.parametrize(
    ("yaw", "pitch", "reason"),
    [
        (60, 0, "turned_right"),
        (-60, 0, "turned_left"),
        (0, 50, "turned_up"),
        (0, -50, "turned_down"),
    ],
)
def test_a_head_that_looks_away_is_reported_as_turned(
    portrait: np.ndarray, face: DetectedFace, yaw: float, pitch: float, reason: str
) -> None:
    a, b = np.radians([yaw, pitch])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    points = (MEAN_HEAD_MM @ (about_x @ about_y).T)[:, :2]
    turned = replace(face, landmarks=points * face.eye_distance / 63 + face.landmarks.mean(axis=0))
    assert reason in assess(portrait, turned).reasons


@pytest.mark.parametrize("angle", [-60, 60])
def test_a_tilted_head_is_tilted(portrait: np.ndarray, face: DetectedFace, angle: float) -> None:
    height, width = portrait.shape[:2]
    turn = cv2.getRotationMatrix2D(face.landmarks.mean(axis=0).tolist(), angle, 1)
    picture = cv2.warpAffine(portrait, turn, (width, height))
    landmarks = (face.landmarks @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    quality = assess(picture, replace(face, landmarks=landmarks), LIVE)
    assert "tilted" in quality.reasons
    assert quality.roll == pytest.approx(assess(portrait, face).roll - angle, abs=2)


def test_a_photo_may_be_turned_because_it_is_stored_upright(
    detector: Detector, portrait: np.ndarray
) -> None:
    for turns in (1, 2, 3):
        assert seen(detector, np.ascontiguousarray(np.rot90(portrait, turns))).reasons == ()


def test_a_dark_picture_is_too_dark(portrait: np.ndarray, face: DetectedFace) -> None:
    assert assess(brightened(portrait, 0.2), face).reasons[0] == "too_dark"


def test_a_burnt_out_picture_is_too_bright(portrait: np.ndarray, face: DetectedFace) -> None:
    assert assess(brightened(portrait, 2.5, 60), face).reasons[0] == "too_bright"


def test_a_faded_picture_has_low_contrast(portrait: np.ndarray, face: DetectedFace) -> None:
    assert assess(brightened(portrait, 0.15, 110), face).reasons == ("low_contrast",)


def test_a_face_before_a_window_is_back_lit(portrait: np.ndarray, face: DetectedFace) -> None:
    x, y, width, height = (round(value) for value in face.box)
    window = np.full_like(portrait, 250)
    window[y : y + height, x : x + width] = brightened(portrait, 0.6)[y : y + height, x : x + width]
    assert "back_lit" in assess(window, face).reasons


@pytest.mark.parametrize("share", [0.08, 0.15])
def test_a_blurred_face_is_blurred(portrait: np.ndarray, face: DetectedFace, share: float) -> None:
    blurred = cv2.GaussianBlur(portrait, (0, 0), share * face.eye_distance)
    assert "blurred" in assess(blurred, face).reasons


def test_sharpness_does_not_depend_on_light(portrait: np.ndarray, face: DetectedFace) -> None:
    plain, dim = assess(portrait, face), assess(brightened(portrait, 0.5), face)
    assert dim.sharpness == pytest.approx(plain.sharpness, rel=0.05)


def with_dark_glasses(portrait: np.ndarray, face: DetectedFace, shade: int) -> np.ndarray:
    """Draw lenses of one shade over the eyes, and a bridge between them."""
    left, right = face.landmarks[:2].astype(float)
    lens = round(0.4 * face.eye_distance), round(0.3 * face.eye_distance)
    angle = float(np.degrees(np.arctan2(*(right - left)[::-1])))
    picture, colour = portrait.copy(), (shade,) * 3
    for eye in (left, right):
        middle = round(eye[0]), round(eye[1] + 0.04 * face.eye_distance)
        cv2.ellipse(picture, middle, lens, angle, 0, 360, colour, -1, cv2.LINE_AA)
    ends = [(round(x), round(y)) for x, y in (left, right)]
    cv2.line(picture, *ends, colour, max(1, lens[1] // 6), cv2.LINE_AA)
    return picture


@pytest.mark.parametrize("shade", [8, 40, 70])
def test_eyes_behind_dark_glasses_are_hidden(
    detector: Detector, portrait: np.ndarray, face: DetectedFace, shade: int
) -> None:
    quality = seen(detector, with_dark_glasses(portrait, face, shade))
    assert "eyes_hidden" in quality.reasons
    assert quality.eye_detail < assess(portrait, face).eye_detail / 2


@pytest.mark.parametrize("share", [0.02, 0.04])
def test_eyes_that_can_be_seen_are_not_hidden(
    portrait: np.ndarray, face: DetectedFace, share: float
) -> None:
    soft = cv2.GaussianBlur(portrait, (0, 0), share * face.eye_distance)
    for picture in (portrait, soft, brightened(portrait, 0.6)):
        assert assess(picture, face).eye_detail > 1.5 * LIVE.least_eye_detail


@pytest.mark.parametrize(
    "colour", [(150, 185, 205), (236, 236, 232), (24, 24, 26), (170, 40, 45), (205, 160, 135)]
)
@pytest.mark.parametrize(
    ("outline", "pattern"),
    [*product(COVERS, ("plain", "folds")), ("mask", "stripes"), ("scarf", "stripes")],
)
def test_a_mouth_behind_a_cover_is_hidden(
    detector: Detector,
    portrait: np.ndarray,
    face: DetectedFace,
    outline: str,
    colour: tuple[int, int, int],
    pattern: str,
) -> None:
    picture = covered(portrait, face, outline, cloth_of(colour, pattern))
    main = main_face(detector.detect(picture), picture.shape[1], picture.shape[0])
    assert main is None or {"mouth_hidden", "uncertain"} & set(assess(picture, main).reasons)


@pytest.mark.parametrize("share", [0.02, 0.04])
def test_a_mouth_that_can_be_seen_is_not_hidden(
    portrait: np.ndarray, face: DetectedFace, share: float
) -> None:
    soft = cv2.GaussianBlur(portrait, (0, 0), share * face.eye_distance)
    for picture in (portrait, soft, brightened(portrait, 0.6)):
        assert "mouth_hidden" not in assess(picture, face, LIVE).reasons


def test_a_doubtful_face_is_uncertain(portrait: np.ndarray, face: DetectedFace) -> None:
    doubtful = replace(face, confidence=THRESHOLDS.least_confidence - 0.01)
    assert assess(portrait, doubtful).reasons == ("uncertain",)


@pytest.mark.data
def test_nearly_all_photos_from_the_web_are_good(detector: Detector) -> None:
    verdicts = []
    for path in photos_in(SHARED / "celeba_wild" / "test").paths:
        picture = decode(path.read_bytes())
        main = main_face(detector.detect(picture), picture.shape[1], picture.shape[0])
        verdicts.append(main is not None and assess(picture, main).good)
    assert np.mean(verdicts) > 0.93
