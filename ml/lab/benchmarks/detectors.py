"""Compare our detector with the `mtcnn` package's driver on sets of photos.

    python -m ml bench detectors lfw celeba_wild/test --photos 2000

Prints a row a set: photos whose main face only one detector found, and the distance of the
landmarks, in eye distances. Both search for faces of the same smallest size, without the thorough
pass. `--sheet` draws the photos with the largest differences.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from ml.faces.decode import decode
from ml.faces.detector.detect import Detector
from ml.faces.select import main_face
from ml.faces.types import DetectedFace
from ml.lab.benchmarks.mtcnn_driver import LibraryDetector
from ml.lab.evaluation.protocols.photos import SHARED, ProtocolError, photos_in

# Largest distance of the landmarks' means of one face, in eye distances.
SAME_FACE = 0.5
SEED = 20
SHEET_COLUMNS, TILE_PX = 6, 240
OURS, THEIRS = (40, 220, 60), (240, 60, 40)


@dataclass(frozen=True)
class Compared:
    """Detections in one photo by both detectors.

    Attributes:
        path: the photo.
        ours, theirs: all faces, by our detector and by the library's driver.
        main: main face by the library, if any.
        partner: our detection of that face, if any.
        only_ours: whether only our detector found a main face.
    """

    path: Path
    ours: list[DetectedFace]
    theirs: list[DetectedFace]
    main: DetectedFace | None
    partner: DetectedFace | None
    only_ours: bool

    @property
    def missed(self) -> bool:
        """Whether only the library found the main face."""
        return self.main is not None and self.partner is None

    @property
    def distance(self) -> float:
        """Mean distance of the landmarks, in eye distances; NaN if either found nothing."""
        if self.main is None or self.partner is None:
            return float("nan")
        apart = np.linalg.norm(self.main.landmarks - self.partner.landmarks, axis=1)
        return float(apart.mean() / self.main.eye_distance)


def compare(paths: Sequence[Path], label: str) -> Iterator[Compared]:
    """Run both detectors on photos, with a progress bar."""
    detector, library = Detector(), LibraryDetector()
    for path in tqdm(paths, desc=label, unit="photo", mininterval=1):
        rgb = decode(path.read_bytes())
        height, width = rgb.shape[:2]
        ours, theirs = detector.detect(rgb, thorough=False), library.detect(rgb)
        main, our_main = main_face(theirs, width, height), main_face(ours, width, height)
        yield Compared(
            path,
            ours,
            theirs,
            main,
            _same_face(main, ours),
            our_main is not None and _same_face(our_main, theirs) is None,
        )


def summary(name: str, results: Sequence[Compared]) -> str:
    """Return a row of the table in docs/explanation/detection.md."""
    distances = np.array([result.distance for result in results])
    distances = distances[~np.isnan(distances)]
    theirs = sum(len(result.theirs) for result in results)
    missed_faces = sum(
        _same_face(face, result.ours) is None for result in results for face in result.theirs
    )
    cells = (
        name,
        f"{len(results):,}",
        f"{sum(result.missed for result in results)}",
        f"{sum(result.only_ours for result in results)}",
        f"{missed_faces} of {theirs:,}",
        f"{distances.mean():.2%}",
        f"{np.quantile(distances, 0.99):.2%}",
    )
    return "| " + " | ".join(cells) + " |"


HEADER = (
    "| set | photos | main face: library only | ours only | any face: library only "
    "| landmarks apart, mean | p99 |\n|---|---|---|---|---|---|---|"
)


def sheet(results: Sequence[Compared], most: int) -> np.ndarray:
    """Return the photos with a missed face, then those with the largest landmark distances."""
    ordered = sorted(
        results, key=lambda r: (-(r.missed or r.only_ours), -np.nan_to_num(r.distance))
    )
    tiles = [_tile(result) for result in ordered[:most]]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % SHEET_COLUMNS)
    rows = [
        np.hstack(tiles[start : start + SHEET_COLUMNS])
        for start in range(0, len(tiles), SHEET_COLUMNS)
    ]
    return np.vstack(rows)


def _same_face(face: DetectedFace | None, others: Sequence[DetectedFace]) -> DetectedFace | None:
    if face is None or not others:
        return None
    middle = face.landmarks.mean(axis=0)
    gaps = [float(np.linalg.norm(other.landmarks.mean(axis=0) - middle)) for other in others]
    nearest = int(np.argmin(gaps))
    return others[nearest] if gaps[nearest] <= SAME_FACE * face.eye_distance else None


def _tile(result: Compared) -> np.ndarray:
    rgb = decode(result.path.read_bytes())
    scale = TILE_PX / max(rgb.shape[:2])
    drawn = cv2.resize(rgb, None, fx=scale, fy=scale)
    for faces, colour in ((result.theirs, THEIRS), (result.ours, OURS)):
        for face in faces:
            for x, y in (face.landmarks + 0.5) * scale - 0.5:
                cv2.circle(drawn, (round(float(x)), round(float(y))), 2, colour, -1)
    tile = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
    tile[: drawn.shape[0], : drawn.shape[1]] = drawn
    return tile


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ml bench detectors", description=__doc__.splitlines()[0]
    )
    parser.add_argument("sets", nargs="+", help="folders, or names of sets in ../shared/data")
    parser.add_argument("--photos", type=int, help="largest number of photos of each set, drawn")
    parser.add_argument("--sheet", type=Path, help="folder for a picture of the differences")
    parser.add_argument("--most", type=int, default=30, help="number of photos on a picture")
    options = parser.parse_args(arguments)
    print(HEADER)
    for name in options.sets:
        folder = Path(name) if Path(name).is_dir() else SHARED / name
        try:
            paths = list(photos_in(folder).paths)
        except ProtocolError as error:
            parser.error(str(error))
        if options.photos and options.photos < len(paths):
            chosen = np.random.default_rng(SEED).choice(len(paths), options.photos, replace=False)
            paths = [paths[index] for index in sorted(chosen)]
        results = list(compare(paths, name))
        print(summary(name, results), flush=True)
        if options.sheet:
            options.sheet.mkdir(parents=True, exist_ok=True)
            picture = cv2.cvtColor(sheet(results, options.most), cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(options.sheet / f"{folder.name}.png"), picture)
    return 0
