"""How much depth the motion of a face shows: whether it moves as a plane does.

Two views of a flat thing are related by one homography, two views of a head are not (Hartley and
Zisserman, "Multiple View Geometry in Computer Vision", 2004). So points all over the face are
followed from the frame of looking straight ahead to a turned one, and what the best homography
leaves unexplained is measured; as a cue against photos: Bao, Li, Li and Jiang, "A liveness
detection method for face recognition based on optical flow field", IASP 2009, and De Marsico,
Nappi, Riccio and Dugelay, "Moving face spoofing detection via 3D projective invariants", ICB 2012.

The five landmarks of the challenge say the same of one point, the nose; here some hundred points
speak, and none of them was learnt on faces. A sheet that is bent, or has holes for the eyes, moves
as no plane does either, but its nose stays in the sheet: so the nose is asked by itself, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from ml.faces.align import TEMPLATES

# Points, and where they went: float32 (n, 2) each.
Pairs = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Following:
    """How points are followed; lengths in pixels of close-ups, 96 wide.

    Attributes:
        points: most of them, all over the face; `of_nose`: most of those looked for there.
        apart: least distance between two.
        quality: of a corner, as a share of the best one's.
        window, levels: of the pyramids of Lucas and Kanade (Bouguet, 2001).
        return_error: how far a point may end from where it began when it is followed back.
        fewest, fewest_beside: points all over the face, and beside the eyes, for a homography that
            means something.
        fewest_of_nose: points that say where the nose went.
        share, share_of_nose: of the points whose residual is at most the one that is reported, in
            percent.
        weight_of_nose: so that what the whole of a head reaches its nose reaches, too, but in one
            frame of a thousand.
    """

    points: int = 120
    of_nose: int = 20
    apart: int = 3
    quality: float = 0.01
    window: int = 11
    levels: int = 2
    return_error: float = 0.7
    fewest: int = 15
    fewest_beside: int = 8
    fewest_of_nose: int = 2
    share: float = 80.0
    share_of_nose: float = 70.0
    weight_of_nose: float = 1.35


FOLLOWING = Following()
# Half axes of what belongs to an eye and to the nose, across and along, and how far above its tip
# the nose has its middle; in distances between the eyes.
EYE, NOSE, NOSE_MIDDLE = (0.43, 0.27), (0.36, 0.53), 0.2


def relief(neutral: np.ndarray, turned: np.ndarray) -> float:
    """How much depth the motion of a face shows: all over it, and at its nose; the less of the two.

    Args:
        neutral: close-up of looking straight ahead, uint8 (side, side), aligned as by "arcface".
        turned: the same of the same face turned.

    Returns:
        Percent of the distance between the eyes: of heads that turn by 10 degrees and more some 5
        to 20, of pictures however they are bent and turned 1 to 5, of few of them more. 0 if too
        few points could be followed.
    """
    return min(reliefs(neutral, turned))


def reliefs(neutral: np.ndarray, turned: np.ndarray) -> tuple[float, float]:
    """How badly one homography explains how the whole face moved, and how its nose did.

    For the nose it is that of all but the eyes; where too little of it could be followed it has no
    say, and gets what the whole face has. Arguments and units are those of `relief`.
    """
    regions = _regions(len(neutral))
    (points, there), nose = _followed(
        neutral,
        turned,
        _corners(neutral, regions.face, FOLLOWING.points),
        _corners(neutral, regions.nose, FOLLOWING.of_nose),
    )
    column, row = points.astype(int).T
    beside = regions.eyes[row, column] == 0
    if len(points) < FOLLOWING.fewest:
        return 0.0, 0.0
    unit = 100 / _eye_distance(len(neutral))
    whole = unit * _left_over((points, there), (points, there), FOLLOWING.share)
    if beside.sum() < FOLLOWING.fewest_beside or len(nose[0]) < FOLLOWING.fewest_of_nose:
        return whole, whole
    of_nose = _left_over((points[beside], there[beside]), nose, FOLLOWING.share_of_nose)
    return whole, unit * FOLLOWING.weight_of_nose * of_nose


def _left_over(plane: Pairs, pairs: Pairs, share: float) -> float:
    """How far points went beside the homography of a plane, in pixels: a share of them, at most."""
    homography, _ = cv2.findHomography(*plane)
    if homography is None:
        return 0.0
    points, there = pairs
    missed = there - cv2.perspectiveTransform(points[:, None], homography)[:, 0]
    return float(np.percentile(np.linalg.norm(missed, axis=1), share))


@dataclass(frozen=True, eq=False)
class _Regions:
    """Masks of a close-up, uint8 (side, side), 255 in them; the nose is what no eye belongs to."""

    face: np.ndarray
    eyes: np.ndarray
    nose: np.ndarray


@cache
def _regions(side: int) -> _Regions:
    left, right, tip = TEMPLATES["arcface"].scaled(side)[:3]
    unit = _eye_distance(side)
    eyes = _ellipse(side, left, EYE, unit) | _ellipse(side, right, EYE, unit)
    nose = _ellipse(side, tip - np.array([0, NOSE_MIDDLE * unit]), NOSE, unit)
    middle, reach = (side // 2, int(0.55 * side)), (int(0.42 * side), side // 2)
    face = cv2.ellipse(np.zeros_like(eyes), middle, reach, 0, 0, 360, 255, -1)
    return _Regions(face, eyes, nose & ~eyes)


def _ellipse(side: int, middle: np.ndarray, axes: tuple[float, float], unit: float) -> np.ndarray:
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1)
    away = (places - middle) / (np.array(axes) * unit)
    return np.where((away**2).sum(axis=-1) < 1, 255, 0).astype(np.uint8)


def _corners(close_up: np.ndarray, mask: np.ndarray, most: int) -> np.ndarray:
    """Corners within a mask, float32 (n, 1, 2)."""
    found = cv2.goodFeaturesToTrack(close_up, most, FOLLOWING.quality, FOLLOWING.apart, mask=mask)
    return np.empty((0, 1, 2), np.float32) if found is None else found


def _followed(first: np.ndarray, second: np.ndarray, *groups: np.ndarray) -> list[Pairs]:
    """Of each group the points that lead to the second and back, and where they are there."""
    points = np.concatenate(groups)
    if not len(points):
        return [(group[:, 0], group[:, 0]) for group in groups]
    there, seen = _flow(first, second, points)
    back, seen_again = _flow(second, first, there)
    error = np.linalg.norm(back - points, axis=2).ravel()
    kept = seen & seen_again & (error < FOLLOWING.return_error)
    ends = np.cumsum([len(group) for group in groups])[:-1]
    parts = zip(*(np.split(each, ends) for each in (points, there, kept)), strict=True)
    return [(here[good, 0], there[good, 0]) for here, there, good in parts]


def _flow(
    first: np.ndarray, second: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    window = (FOLLOWING.window, FOLLOWING.window)
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        first,
        second,
        points,
        np.empty_like(points),
        winSize=window,
        maxLevel=FOLLOWING.levels,
    )
    return there, found.ravel() == 1


def _eye_distance(side: int) -> float:
    left, right = TEMPLATES["arcface"].scaled(side)[:2]
    return float(np.linalg.norm(right - left))
