"""Parallax of a turning face: how far its motion deviates from that of a plane.

One homography relates two views of a plane, but not two views of a head (Hartley and Zisserman,
"Multiple View Geometry in Computer Vision", 2004). Points all over the face are tracked from the
frontal frame to a turned one. The residual of the best homography is the measure of depth. As a cue
against photos: Bao, Li, Li and Jiang, "A liveness detection method for face recognition based on
optical flow field", IASP 2009; De Marsico, Nappi, Riccio and Dugelay, "Moving face spoofing
detection via 3D projective invariants", ICB 2012.

The five landmarks measure the parallax of one point, the nose. About a hundred points are used
here, none of them learnt on faces. A bent sheet, or one with holes for the eyes, does not move as a
plane either, but its nose stays in the sheet. So the nose has a residual of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.faces.align import TEMPLATES
from ml.liveness.observation import GreyFace

Points = NDArray[np.float32]  # (n, 2), or (n, 1, 2) as OpenCV has them
# Points in the first view and in the second.
PointPairs = tuple[Points, Points]


@dataclass(frozen=True)
class TrackingSettings:
    """Point tracking and its evaluation; lengths in pixels of close-ups, 96 wide.

    Attributes:
        points: largest number of points all over the face.
        nose_points: largest number of further points on the nose.
        spacing: smallest distance between two points.
        quality: smallest quality of a corner, as a share of the best one's.
        window, levels: window and pyramid levels of Lucas and Kanade (Bouguet, 2001).
        return_error: largest distance from its origin of a point tracked forth and back.
        fewest: fewest points of the face for a reliable homography.
        fewest_around_eyes: fewest points outside the eyes for a reliable homography.
        fewest_on_nose: fewest points for the motion of the nose.
        percentile, nose_percentile: percentile of the points' residuals that is reported.
        nose_weight: factor that puts the nose's residual on the scale of the face's: for heads, it
            falls below the bound of the face's in one frame of a thousand.
    """

    points: int = 120
    nose_points: int = 20
    spacing: int = 3
    quality: float = 0.01
    window: int = 11
    levels: int = 2
    return_error: float = 0.7
    fewest: int = 15
    fewest_around_eyes: int = 8
    fewest_on_nose: int = 2
    percentile: float = 80.0
    nose_percentile: float = 70.0
    nose_weight: float = 1.35


TRACKING = TrackingSettings()
# Half axes of the regions of an eye and of the nose, across and along, and height of the nose
# region's centre above its tip; all in eye distances.
EYE, NOSE, NOSE_CENTRE = (0.43, 0.27), (0.36, 0.53), 0.2
# Half axes of what belongs to an eye and to the nose, across and along, and how far above its tip
# the nose has its middle; in distances between the eyes.
EYE, NOSE, NOSE_MIDDLE = (0.43, 0.27), (0.36, 0.53), 0.2


def homography_residual(frontal: GreyFace, turned: GreyFace) -> float:
    """Return the smaller of the residuals of the face and of its nose, a measure of depth.

    Args:
        frontal: close-up of the frontal frame, uint8 (side, side), aligned by "arcface".
        turned: close-up of the same face in a turned frame.

    Returns:
        Percent of the eye distance: about 5 to 20 for heads turned by 10° or more, 1 to 5 for
        pictures however bent and turned, rarely more. 0 if too few points could be tracked.
    """
    return min(homography_residuals(frontal, turned))


def homography_residuals(frontal: GreyFace, turned: GreyFace) -> tuple[float, float]:
    """Return the residuals of the face and of its nose.

    The nose's homography is that of all points outside the eyes. If too few points of the nose
    could be tracked, it gets the face's residual. Arguments and units as `homography_residual`.
    """
    regions = _regions(len(frontal))
    (points, there), nose = _tracked(
        frontal,
        turned,
        _corners(frontal, regions.face, TRACKING.points),
        _corners(frontal, regions.nose, TRACKING.nose_points),
    )
    column, row = points.astype(int).T
    outside_eyes = regions.eyes[row, column] == 0
    if len(points) < TRACKING.fewest:
        return 0.0, 0.0
    unit = 100 / _eye_distance(len(frontal))
    face_residual = unit * _residual((points, there), (points, there), TRACKING.percentile)
    too_few = outside_eyes.sum() < TRACKING.fewest_around_eyes
    if too_few or len(nose[0]) < TRACKING.fewest_on_nose:
        return face_residual, face_residual
    plane = points[outside_eyes], there[outside_eyes]
    nose_residual = _residual(plane, nose, TRACKING.nose_percentile)
    return face_residual, unit * TRACKING.nose_weight * nose_residual


def _residual(plane: PointPairs, pairs: PointPairs, percentile: float) -> float:
    """Return a percentile of the residuals of `pairs` to the homography of `plane`, in pixels."""
    homography, _ = cv2.findHomography(*plane)
    if homography is None:
        return 0.0
    points, there = pairs
    errors = there - cv2.perspectiveTransform(points[:, None], homography)[:, 0]
    return float(np.percentile(np.linalg.norm(errors, axis=1), percentile))


@dataclass(frozen=True, eq=False)
class _Regions:
    """Masks of a close-up, uint8 (side, side), 255 inside; the nose excludes the eyes."""

    face: GreyFace
    eyes: GreyFace
    nose: GreyFace


@cache
def _regions(side: int) -> _Regions:
    left, right, tip = TEMPLATES["arcface"].scaled(side)[:3]
    unit = _eye_distance(side)
    eyes = _ellipse(side, left, EYE, unit) | _ellipse(side, right, EYE, unit)
    nose = _ellipse(side, tip - np.array([0, NOSE_CENTRE * unit]), NOSE, unit)
    middle, reach = (side // 2, int(0.55 * side)), (int(0.42 * side), side // 2)
    face = cv2.ellipse(np.zeros_like(eyes), middle, reach, 0, 0, 360, 255, -1)
    return _Regions(np.asarray(face, np.uint8), eyes, nose & ~eyes)


def _ellipse(
    side: int, centre: NDArray[np.float64], axes: tuple[float, float], unit: float
) -> GreyFace:
    pixels = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1)
    away = (pixels - centre) / (np.array(axes) * unit)
    return np.where((away**2).sum(axis=-1) < 1, 255, 0).astype(np.uint8)


def _corners(close_up: GreyFace, mask: GreyFace, most: int) -> Points:
    """Return corners within a mask, float32 (n, 1, 2)."""
    found = cv2.goodFeaturesToTrack(close_up, most, TRACKING.quality, TRACKING.spacing, mask=mask)
    return np.empty((0, 1, 2), np.float32) if found is None else np.asarray(found, np.float32)


def _tracked(first: GreyFace, second: GreyFace, *groups: Points) -> list[PointPairs]:
    """Return the points of each group that track forth and back, in both views."""
    points = np.concatenate(groups)
    if not len(points):
        return [(group[:, 0], group[:, 0]) for group in groups]
    there, seen = _flow(first, second, points)
    back, seen_again = _flow(second, first, there)
    error = np.linalg.norm(back - points, axis=2).ravel()
    kept = seen & seen_again & (error < TRACKING.return_error)
    ends = np.cumsum([len(group) for group in groups])[:-1]
    parts = zip(*(np.split(each, ends) for each in (points, there, kept)), strict=True)
    return [(here[good, 0], there[good, 0]) for here, there, good in parts]


def _flow(first: GreyFace, second: GreyFace, points: Points) -> tuple[Points, NDArray[np.bool_]]:
    window = (TRACKING.window, TRACKING.window)
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        first,
        second,
        points,
        np.empty_like(points),
        winSize=window,
        maxLevel=TRACKING.levels,
    )
    return np.asarray(there, np.float32), found.ravel() == 1


def _eye_distance(side: int) -> float:
    left, right = TEMPLATES["arcface"].scaled(side)[:2]
    return float(np.linalg.norm(right - left))
