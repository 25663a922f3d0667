"""False matches by demographic group: `python -m ml fairness MODEL... --folder DIR`.

UTKFace's file names give age, gender and origin of a face, as guessed by its makers, but no
identity. So the command measures one half of demographic differentials (ISO/IEC 19795-10): the FMR
of two strangers of one group at the default threshold. It cannot measure the FNMR.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.arrays import Embeddings
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
class GroupRate:
    """False matches between strangers of one group.

    Attributes:
        group: name of the group.
        photos: number of photos with a face.
        far: FMR, the share of pairs at or above the threshold, 0 to 1.
        low, high: limits of its 95 % interval, by bootstrap over photos.
    """

    group: str
    photos: int
    far: float
    low: float
    high: float


def groups_in(folder: Path, photos_a_group: int = PHOTOS_A_GROUP) -> dict[str, list[Path]]:
    """Draw photos of each group from a fixed seed: adults by gender and origin, others by age.

    Raises:
        ProtocolError: if no file name in the folder has UTKFace's form.
    """
    groups: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.jpg")):
        for group in _groups_of(path.name):
            groups.setdefault(group, []).append(path)
    if not groups:
        raise ProtocolError(f"{folder} has no file named AGE_GENDER_ORIGIN_DATE….jpg")
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


def group_rate(group: str, embeddings: Embeddings, threshold: float) -> GroupRate:
    """Return the FMR of pairs of different photos, embeddings (n, d) of unit length."""
    passes = (embeddings @ embeddings.T >= threshold).astype(float)
    np.fill_diagonal(passes, 0.0)
    count = len(embeddings)
    generator = np.random.default_rng(SEED)
    drawn = generator.multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)
    # A photo drawn twice forms no pair with itself.
    pairs = count**2 - (drawn**2).sum(axis=1)
    rates = ((drawn @ passes) * drawn).sum(axis=1) / pairs
    low, high = np.quantile(rates, (0.025, 0.975))
    far = passes.sum() / (count * (count - 1))
    return GroupRate(group, count, far, float(low), float(high))


def group_rates(artifact: Artifact, groups: dict[str, list[Path]]) -> Iterator[GroupRate]:
    """Yield the FMR of every group at the model's default threshold."""
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
        yield group_rate(group, usable, calibration.default_threshold)


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ml fairness", description=__doc__.splitlines()[0]
    )
    parser.add_argument("models", nargs="+", metavar="MODEL", help="names of models")
    parser.add_argument("--folder", type=Path, required=True, help="folder of UTKFace's pictures")
    options = parser.parse_args(arguments)
    try:
        groups = groups_in(options.folder)
        for model in options.models:
            print(f"{model}: pairs of strangers within a group that pass at the default threshold")
            for row in group_rates(load_artifact(model), groups):
                print(
                    f"  {row.group:26} {row.photos:4} photos  {row.far:.2%} "
                    f"({row.low:.2%} to {row.high:.2%})"
                )
    except (ArtifactError, ProtocolError) as error:
        print(f"fairness: {error}", file=sys.stderr)
        return 2
    return 0
