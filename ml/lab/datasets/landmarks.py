"""Where the faces are: the serving path's detector over whole folders, once.

What was found is kept in a cache under a name made of the pictures (path, size, time of change),
of the detector (its settings, its code, the digests of its networks) and of how the pictures are
read, so that a change of any is searched anew.
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
from ml.runtime.files import replacing

DIGITS = 16
# Pictures read and searched side by side; OpenCV and ONNX Runtime release the lock.
READERS = 2


@cache
def _serving_detector() -> FaceDetector:
    return Detector()


def _library_detector() -> FaceDetector:
    from ml.lab.benchmarks.mtcnn_driver import LibraryDetector

    return LibraryDetector()


@dataclass(frozen=True)
class Search:
    """How pictures are read and searched.

    Attributes:
        name: tells caches apart; empty for the files as they are and the serving path's detector.
        read: gives the bytes of a picture file.
        detector: makes the detector, when there is something to search.
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
        pictures: those with a usable face.
        landmarks: (n, 5, 2) float32, pixels of the decoded picture.
        skipped: the others, each with the code of the reason ("no_face", "truncated_image", …).
        key: names the pictures and the detector, for caches of what is made from them.
    """

    pictures: tuple[Picture, ...]
    landmarks: np.ndarray
    skipped: tuple[tuple[Picture, str], ...]
    key: str

    def reasons(self) -> dict[str, int]:
        """How many pictures were skipped for each reason."""
        return dict(sorted(Counter(reason for _, reason in self.skipped).items()))


def locate_faces(
    pictures: Sequence[Picture], cache_folder: Path, label: str, search: Search = AS_SERVED
) -> Located:
    """Find the main face of every picture, with a progress bar; from the cache where it is there.

    Args:
        pictures: what to search.
        cache_folder: where findings are kept; made if missing.
        label: of the progress bar.
        search: how pictures are read and by which detector they are searched.
    """
    key = _key(pictures, search)
    kept = cache_folder / "landmarks" / f"{key}.json"
    if kept.exists():
        found = json.loads(kept.read_text())
    else:
        findings = _findings(pictures, search)
        found = list(tqdm(findings, label, len(pictures), unit="picture", mininterval=1))
        _keep(kept, found)
    usable = [isinstance(finding, list) for finding in found]
    return Located(
        tuple(picture for picture, use in zip(pictures, usable, strict=True) if use),
        np.array([f for f in found if isinstance(f, list)], np.float32).reshape(-1, 5, 2),
        tuple((p, str(f)) for p, f in zip(pictures, found, strict=True) if isinstance(f, str)),
        key,
    )


@cache
def detector_fingerprint() -> str:
    """Names the detector: settings, weights and code."""
    digest = hashlib.sha256(json.dumps(asdict(SETTINGS), sort_keys=True).encode())
    digest.update((FOLDER / DIGESTS).read_bytes())
    # All of it: a list of the files that matter would miss the next one.
    for module in sorted(Path(ml.faces.__file__).parent.rglob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:DIGITS]


def _findings(pictures: Sequence[Picture], search: Search) -> Iterator[Any]:
    """Landmarks as nested lists, or the code of the reason why there are none."""
    detector = search.detector()

    def finding(picture: Picture) -> Any:
        try:
            _, main = locate(search.read(picture.path), detector)
            return main.landmarks.tolist()
        except FaceError as error:
            return error.code

    with ThreadPoolExecutor(READERS) as readers:
        yield from readers.map(finding, pictures)


def _key(pictures: Sequence[Picture], search: Search) -> str:
    digest = hashlib.sha256(f"{detector_fingerprint()}{search.name}".encode())
    for picture in pictures:
        status = picture.path.stat()
        digest.update(f"{picture.path.resolve()}|{picture.person}|".encode())
        digest.update(f"{status.st_size}|{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:DIGITS]


def _keep(path: Path, found: list[Any]) -> None:
    with replacing(path) as beside:
        beside.write_text(json.dumps(found))
