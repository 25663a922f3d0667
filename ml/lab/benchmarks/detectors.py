"""Compare our detector with the `mtcnn` package's driver on sets of photos.

    python -m ml bench detectors lfw celeba_wild/test --photos 2000

Prints a row a set: photos whose main face only one of them found, and how far apart the landmarks
lie, in distances between the eyes. Both seek faces of the same smallest size; the thorough pass is
off. `--sheet` draws the photos on which they differ most, to be looked at.
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

# two detections are of one face if their landmarks' middles lie within this many eye distances
SAME_FACE = 0.5
SEED = 20
SHEET_COLUMNS, TILE_PX = 6, 240
OURS, THEIRS = (40, 220, 60), (240, 60, 40)


@dataclass(frozen=True)
class Compared:
    """One photo seen by both detectors.

    Attributes:
        path: the photo.
        ours, theirs: all faces, by our detector and by the library's driver.
        main: theirs, the photo's main face, if any.
        partner: ours of the same face, if any.
        only_ours: whether we found a main face and the library found nothing there.
    """

    path: Path
    ours: list[DetectedFace]
    theirs: list[DetectedFace]
    main: DetectedFace | None
    partner: DetectedFace | None
    only_ours: bool

    @property
    def missed(self) -> bool:
        """Whether the library found the main face and we did not."""
        return self.main is not None and self.partner is None

    @property
    def distance(self) -> float:
        """Mean distance of the landmarks, in eye distances; NaN where one found nothing."""
        if self.main is None or self.partner is None:
            return float("nan")
        apart = np.linalg.norm(self.main.landmarks - self.partner.landmarks, axis=1)
        return float(apart.mean() / self.main.eye_distance)


def compare(paths: Sequence[Path], label: str) -> Iterator[Compared]:
    """Show photos to both detectors, with a progress bar."""
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
    """A row of the table in docs/explanation/detection.md."""
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
    """The photos with a face missed by either, then those with the landmarks furthest apart."""
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
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ml bench detectors", description=__doc__.splitlines()[0]
    )
    parser.add_argument("sets", nargs="+", help="folders, or names of sets in ../shared/data")
    parser.add_argument("--photos", type=int, help="at most so many of each set, drawn at random")
    parser.add_argument("--sheet", type=Path, help="folder for a picture a set of the differences")
    parser.add_argument("--most", type=int, default=30, help="photos on a sheet")
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
