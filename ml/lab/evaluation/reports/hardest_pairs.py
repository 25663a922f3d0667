"""The worst errors of a model, as pictures: what a threshold would have to explain.

The genuine pairs that are least alike, and the most alike pairs of different people; of each two
people only the worst pair, so that one odd photo does not fill the sheet.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from ml.faces.align import align
from ml.faces.decode import decode
from ml.lab.evaluation.embed import Embedded
from ml.lab.evaluation.measures.impostors import REFUSED, Impostors
from ml.lab.evaluation.protocols.pairs import PairScores

PAIRS_SHOWN = 12
THUMBNAIL_PX = 112
THUMBNAIL_QUALITY = 80


@dataclass(frozen=True)
class WorstPair:
    """Two photos, rows of the set; a similarity of `REFUSED` says that a face was not found."""

    a: int
    b: int
    similarity: float


def least_alike_genuine(scores: PairScores, most: int = PAIRS_SHOWN) -> list[WorstPair]:
    """Genuine pairs of lowest similarity, one a person; pairs without a face come first."""
    pairs = scores.pairs
    rows = np.flatnonzero(pairs.same)
    similarity = scores.genuine
    order = np.argsort(similarity, kind="stable")
    worst = ((int(pairs.a[rows[n]]), int(pairs.b[rows[n]]), float(similarity[n])) for n in order)
    return _one_each(worst, pairs.photos.person, most)


def most_alike_strangers(
    impostors: Impostors, person: np.ndarray, most: int = PAIRS_SHOWN
) -> list[WorstPair]:
    """Pairs of different people of highest similarity, one for each two people."""
    worst = (
        (int(a), int(b), float(similarity))
        for a, b, similarity in zip(
            impostors.first, impostors.second, impostors.similarity, strict=True
        )
        if similarity > REFUSED
    )
    return _one_each(worst, person, most)


def _one_each(
    pairs: Iterable[tuple[int, int, float]], person: np.ndarray, most: int
) -> list[WorstPair]:
    seen: set[frozenset[int]] = set()
    shown: list[WorstPair] = []
    for a, b, similarity in pairs:
        people = frozenset((int(person[a]), int(person[b])))
        if people not in seen:
            seen.add(people)
            shown.append(WorstPair(a, b, similarity))
        if len(shown) == most:
            break
    return shown


def thumbnail(embedded: Embedded, row: int) -> str:
    """A photo's aligned face, or the whole photo where none was found, as a data URI."""
    rgb = decode(embedded.photos.paths[row].read_bytes())
    if embedded.usable[row]:
        small = align(rgb, embedded.landmarks[row], THUMBNAIL_PX, "dlib")
    else:
        side = (THUMBNAIL_PX, THUMBNAIL_PX)
        small = np.asarray(cv2.resize(rgb, side, interpolation=cv2.INTER_AREA), np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, THUMBNAIL_QUALITY]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), quality)
    return f"data:image/jpeg;base64,{b64encode(data.tobytes()).decode()}"
