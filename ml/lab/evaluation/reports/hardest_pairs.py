"""The hardest pairs of a model, as pictures.

These are the genuine pairs of lowest similarity and the impostor pairs of highest similarity. Of
each two people only the hardest pair is shown, so that one odd photo does not fill the sheet.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from ml.arrays import Integers
from ml.faces.align import align
from ml.faces.decode import decode
from ml.lab.evaluation.embed import Embedded
from ml.lab.evaluation.measures.impostors import REFUSED, Impostors
from ml.lab.evaluation.protocols.pairs import PairScores

PAIRS_SHOWN = 12
THUMBNAIL_PX = 112
THUMBNAIL_QUALITY = 80


@dataclass(frozen=True)
class HardPair:
    """Two photos, as rows; a similarity of `REFUSED` marks a photo without a face."""

    a: int
    b: int
    similarity: float


def hardest_genuine(scores: PairScores, most: int = PAIRS_SHOWN) -> list[HardPair]:
    """Return the genuine pairs of lowest similarity, one a person; pairs without a face first."""
    pairs = scores.pairs
    rows = np.flatnonzero(pairs.same)
    similarity = scores.genuine
    order = np.argsort(similarity, kind="stable")
    worst = ((int(pairs.a[rows[n]]), int(pairs.b[rows[n]]), float(similarity[n])) for n in order)
    return _one_each(worst, pairs.photos.person, most)


def hardest_impostors(
    impostors: Impostors, person: Integers, most: int = PAIRS_SHOWN
) -> list[HardPair]:
    """Return the impostor pairs of highest similarity, one for each two people."""
    worst = (
        (int(a), int(b), float(similarity))
        for a, b, similarity in zip(
            impostors.first, impostors.second, impostors.similarity, strict=True
        )
        if similarity > REFUSED
    )
    return _one_each(worst, person, most)


def _one_each(
    pairs: Iterable[tuple[int, int, float]], person: Integers, most: int
) -> list[HardPair]:
    seen: set[frozenset[int]] = set()
    shown: list[HardPair] = []
    for a, b, similarity in pairs:
        people = frozenset((int(person[a]), int(person[b])))
        if people not in seen:
            seen.add(people)
            shown.append(HardPair(a, b, similarity))
        if len(shown) == most:
            break
    return shown


def thumbnail(embedded: Embedded, row: int) -> str:
    """Return the aligned face of a photo, or the whole photo without a face, as a data URI."""
    rgb = decode(embedded.photos.paths[row].read_bytes())
    if embedded.usable[row]:
        small = align(rgb, embedded.landmarks[row], THUMBNAIL_PX, "dlib")
    else:
        side = (THUMBNAIL_PX, THUMBNAIL_PX)
        small = np.asarray(cv2.resize(rgb, side, interpolation=cv2.INTER_AREA), np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, THUMBNAIL_QUALITY]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), quality)
    return f"data:image/jpeg;base64,{b64encode(data.tobytes()).decode()}"
