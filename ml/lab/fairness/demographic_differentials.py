"""How scores of strangers shift between groups: `python -m ml fairness MODEL... --folder DIR`.

UTKFace's file names say age, gender and origin of the face, as its makers guessed them, but not who
it is. So this is one half of a picture: how often two strangers of one group pass for one person at
the default threshold, and nothing about how often the right person is refused. A row a group.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.artifacts import Artifact, load_artifact
from ml.calibration.file import load_calibration
from ml.errors import ArtifactError
from ml.lab.evaluation.embed import embed_photos
from ml.lab.evaluation.protocols.photos import Photos, ProtocolError

NAME = re.compile(r"(?P<age>\d+)_(?P<gender>[01])_(?P<origin>[0-4])_\d+")
GENDERS = ("men", "women")
ORIGINS = ("White", "Black", "Asian", "Indian", "other")
CHILDREN, ADULTS, OLD = range(3, 13), range(20, 60), range(65, 120)  # years
PHOTOS_A_GROUP = 200
RESAMPLES = 500
SEED = 20


@dataclass(frozen=True)
class Shift:
    """Strangers of one group: photos with a face, and the share of pairs that pass, 0 to 1.

    `low` and `high` bound it at 95 %, by bootstrap over photos.
    """

    group: str
    photos: int
    far: float
    low: float
    high: float


def groups_in(folder: Path, photos_a_group: int = PHOTOS_A_GROUP) -> dict[str, list[Path]]:
    """Photos of each group, drawn from a fixed seed: adults by gender and origin, others by age.

    Raises:
        ProtocolError: if no file of the folder is named as UTKFace names them.
    """
    groups: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.jpg")):
        for group in _groups_of(path.name):
            groups.setdefault(group, []).append(path)
    if not groups:
        raise ProtocolError(f"{folder} holds no file named AGE_GENDER_ORIGIN_DATE….jpg")
    generator = np.random.default_rng(SEED)
    return {
        group: [paths[row] for row in generator.permutation(len(paths))[:photos_a_group]]
        for group, paths in sorted(groups.items())
    }


def _groups_of(name: str) -> Iterator[str]:
    match = NAME.match(name)
    if match is None:
        return
    age = int(match["age"])
    if age in ADULTS:
        yield f"{ORIGINS[int(match['origin'])]} {GENDERS[int(match['gender'])]}, 20 to 59"
    if age in CHILDREN:
        yield "children, 3 to 12"
    if age in OLD:
        yield "65 and older"


def shift(group: str, embeddings: np.ndarray, threshold: float) -> Shift:
    """Share of pairs of different photos, (n, d) of unit length, at or above a similarity."""
    passes = (embeddings @ embeddings.T >= threshold).astype(float)
    np.fill_diagonal(passes, 0.0)
    count = len(embeddings)
    generator = np.random.default_rng(SEED)
    drawn = generator.multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)
    # A photo drawn twice makes no pair with itself.
    pairs = count**2 - (drawn**2).sum(axis=1)
    rates = ((drawn @ passes) * drawn).sum(axis=1) / pairs
    low, high = np.quantile(rates, (0.025, 0.975))
    return Shift(group, count, passes.sum() / (count * (count - 1)), float(low), float(high))


def shifts(artifact: Artifact, groups: dict[str, list[Path]]) -> Iterator[Shift]:
    """Measure every group."""
    calibration = load_calibration(artifact.folder, artifact.model_id)
    paths = tuple(path for group in groups.values() for path in group)
    person = np.arange(len(paths))
    embedded = embed_photos(
        artifact, Photos(paths, person, tuple(map(str, person))), label="groups"
    )
    served = embedded.view(artifact.config.mirrored)
    start = 0
    for group, members in groups.items():
        rows = np.arange(start, start + len(members))
        start += len(members)
        usable = served[rows[embedded.usable[rows]]]
        yield shift(group, usable, calibration.default_threshold)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ml fairness", description=__doc__.splitlines()[0]
    )
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--folder", type=Path, required=True, help="UTKFace's pictures")
    options = parser.parse_args(arguments)
    try:
        groups = groups_in(options.folder)
        for model in options.models:
            print(f"{model}: pairs of strangers within a group that pass at the default threshold")
            for row in shifts(load_artifact(model), groups):
                print(
                    f"  {row.group:26} {row.photos:4} photos  {row.far:.2%} "
                    f"({row.low:.2%} to {row.high:.2%})"
                )
    except (ArtifactError, ProtocolError) as error:
        print(f"fairness: {error}", file=sys.stderr)
        return 2
    return 0
