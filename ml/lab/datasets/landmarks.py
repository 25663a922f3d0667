"""Landmarks of whole folders, detected once by the serving path's detector and cached.

The cache key covers the pictures (path, size, modification time), the detector (settings, code,
digests of its networks) and the way of reading the pictures. A change of any starts a new search.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import ml.faces
from ml.errors import FaceError
from ml.faces.detector.detect import SETTINGS, Detector
from ml.faces.detector.networks import DIGESTS, FOLDER
from ml.faces.types import FaceDetector
from ml.lab.datasets.folders import Picture
from ml.lab.datasets.locate import locate
from ml.runtime.cores import usable_cores
from ml.runtime.files import replacing

DIGITS = 16


@cache
def _serving_detector() -> FaceDetector:
    return Detector()


def _library_detector() -> FaceDetector:
    from ml.lab.benchmarks.mtcnn_driver import LibraryDetector

    return LibraryDetector()


@dataclass(frozen=True)
class Search:
    """Reader and detector of pictures.

    Attributes:
        name: distinguishes caches; empty for unchanged files and the serving path's detector.
        read: returns the content of a picture file.
        detector: creates the detector, when there is something to search.
    """

    name: str = ""
    read: Callable[[Path], bytes] = Path.read_bytes
    detector: Callable[[], FaceDetector] = _serving_detector


AS_SERVED = Search()
LIBRARY = Search("library", detector=_library_detector)


@dataclass(frozen=True)
class Located:
    """Pictures with the landmarks of their main face.

    Attributes:
        pictures: pictures with a usable face.
        landmarks: (n, 5, 2) float32, in pixels of the decoded picture.
        skipped: the other pictures, each with its error code ("no_face", "truncated_image", …).
        key: fingerprint of pictures and detector, for caches of derived data.
    """

    pictures: tuple[Picture, ...]
    landmarks: np.ndarray
    skipped: tuple[tuple[Picture, str], ...]
    key: str

    def reasons(self) -> dict[str, int]:
        """Count the skipped pictures by error code."""
        return dict(sorted(Counter(reason for _, reason in self.skipped).items()))


def locate_faces(
    pictures: Sequence[Picture], cache_folder: Path, label: str, search: Search = AS_SERVED
) -> Located:
    """Detect the main face of every picture, or read the landmarks from the cache.

    Args:
        pictures: pictures to search.
        cache_folder: folder of cached landmarks; created if missing.
        label: label of the progress bar.
        search: reader and detector.
    """
    key = _key(pictures, search)
    cached = cache_folder / "landmarks" / f"{key}.json"
    if cached.exists():
        found = json.loads(cached.read_text())
    else:
        findings = _findings(pictures, search)
        found = list(tqdm(findings, label, len(pictures), unit="picture", mininterval=1))
        _keep(cached, found)
    usable = [isinstance(finding, list) for finding in found]
    return Located(
        tuple(picture for picture, use in zip(pictures, usable, strict=True) if use),
        np.array([f for f in found if isinstance(f, list)], np.float32).reshape(-1, 5, 2),
        tuple((p, str(f)) for p, f in zip(pictures, found, strict=True) if isinstance(f, str)),
        key,
    )


@cache
def detector_fingerprint() -> str:
    """Return a fingerprint of the detector's settings, weights and code."""
    digest = hashlib.sha256(json.dumps(asdict(SETTINGS), sort_keys=True).encode())
    digest.update((FOLDER / DIGESTS).read_bytes())
    # All modules: a list of those that matter would miss the next one.
    for module in sorted(Path(ml.faces.__file__).parent.rglob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:DIGITS]


def _findings(pictures: Sequence[Picture], search: Search) -> Iterator[Any]:
    """Yield landmarks as nested lists, or an error code."""
    detector = search.detector()

    def finding(picture: Picture) -> Any:
        try:
            _, main = locate(search.read(picture.path), detector)
            return main.landmarks.tolist()
        except FaceError as error:
            return error.code

    with ThreadPoolExecutor(usable_cores()) as readers:
        yield from readers.map(finding, pictures)


def _key(pictures: Sequence[Picture], search: Search) -> str:
    digest = hashlib.sha256(f"{detector_fingerprint()}{search.name}".encode())
    for picture in pictures:
        status = picture.path.stat()
        digest.update(f"{picture.path.resolve()}|{picture.person}|".encode())
        digest.update(f"{status.st_size}|{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:DIGITS]


def _keep(path: Path, found: list[Any]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(found))
