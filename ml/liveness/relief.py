"""How much depth the motion of a face shows: whether it moves as a plane does.

Two views of a flat thing are related by one homography, two views of a head are not (Hartley and
Zisserman, "Multiple View Geometry in Computer Vision", 2004). So points all over the face are
followed from the frame of looking straight ahead to a turned one, and what the best homography
leaves unexplained is measured; as a cue against photos: Bao, Li, Li and Jiang, "A liveness
detection method for face recognition based on optical flow field", IASP 2009, and De Marsico,
Nappi, Riccio and Dugelay, "Moving face spoofing detection via 3D projective invariants", ICB 2012.

The five landmarks of the challenge say the same of one point, the nose; here some hundred points
speak, and none of them was learnt on faces.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ml.faces.align import TEMPLATES


@dataclass(frozen=True)
class Following:
    """How points are followed; lengths in pixels of close-ups, 96 wide.

    Attributes:
        points: most of them; `apart`: least distance between two.
        quality: of a corner, as a share of the best one's.
        window, levels: of the pyramids of Lucas and Kanade (Bouguet, 2001).
        return_error: how far a point may end from where it began when it is followed back.
        fewest: points for a homography that means something.
        share: of the points whose residual is at most the one that is reported, in percent.
    """

    points: int = 120
    apart: int = 3
    quality: float = 0.01
    window: int = 11
    levels: int = 2
    return_error: float = 0.7
    fewest: int = 15
    share: float = 80.0


FOLLOWING = Following()


def relief(neutral: np.ndarray, turned: np.ndarray) -> float:
    """How badly one homography explains how a face moved.

    Args:
        neutral: close-up of looking straight ahead, uint8 (side, side), aligned as by "arcface".
        turned: the same of the same face turned.

    Returns:
        Percent of the distance between the eyes: of heads that turn by 10 degrees and more some 6
        to 20, of flat pictures however they are turned 1 to 5. 0 if too few points could be
        followed.
    """
    points = _points(neutral)
    if len(points) < FOLLOWING.fewest:
        return 0.0
    there, kept = _followed(neutral, turned, points)
    if kept.sum() < FOLLOWING.fewest:
        return 0.0
    homography, _ = cv2.findHomography(points[kept], there[kept])
    if homography is None:
        return 0.0
    missed = cv2.perspectiveTransform(points[kept], homography) - there[kept]
    pixels = np.percentile(np.linalg.norm(missed, axis=2), FOLLOWING.share)
    return float(pixels) * 100 / _eye_distance(len(neutral))


def _points(close_up: np.ndarray) -> np.ndarray:
    """Corners on the face itself, float32 (n, 1, 2)."""
    side = len(close_up)
    middle, reach = (side // 2, int(0.55 * side)), (int(0.42 * side), side // 2)
    face = cv2.ellipse(np.zeros_like(close_up), middle, reach, 0, 0, 360, 255, -1)
    found = cv2.goodFeaturesToTrack(
        close_up, FOLLOWING.points, FOLLOWING.quality, FOLLOWING.apart, mask=face
    )
    return np.empty((0, 1, 2), np.float32) if found is None else found


def _followed(
    first: np.ndarray, second: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where points of the first are in the second, and which of them led back, bool (n,)."""
    there, seen = _flow(first, second, points)
    back, seen_again = _flow(second, first, there)
    error = np.linalg.norm(back - points, axis=2).ravel()
    return there, seen & seen_again & (error < FOLLOWING.return_error)


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
