"""Error rates by demographic group: `python -m ml fairness MODEL... --groups DIR`.

False match differential (ISO/IEC 19795-10): the FMR between strangers of one group at the default
threshold, for every folder of photos without identities. NIST's FRTE reports the ratio of the worst
group to the best and to the geometric mean; so does this command. With and without normalisation
the threshold has the same FMR on the calibration's people.

With --people, the FNMR of people with several photos is added by a proxy: people belong to the
group of most of their nearest faces in --cohort.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ml.arrays import Embeddings, Integers
from ml.artifacts import Artifact, load_artifact
from ml.calibration.calibration import Calibration
from ml.calibration.curves import threshold_at
from ml.calibration.file import load_calibration
from ml.errors import ArtifactError
from ml.lab.evaluation.embed import Embedded, embed_photos
from ml.lab.evaluation.measures.anchors import pair_trials
from ml.lab.evaluation.protocols.photos import SHARED, Photos, ProtocolError, photos_in
from ml.normalisation import PLAIN_COSINE, Normalised, Normaliser

RESAMPLES = 500
SEED = 20
# Nearest faces of the cohort that decide the group of a photo.
NEIGHBOURS = 30
FEWEST_PEOPLE = 3


@dataclass(frozen=True)
class Scale:
    """A normaliser, and the threshold at the calibration's default FMR by it."""

    name: str
    normaliser: Normaliser
    threshold: float


@dataclass(frozen=True)
class GroupRate:
    """Error rate within a group: share of pairs, 0 to 1, and the limits of its 95 % interval."""

    group: str
    members: int
    rate: float
    low: float
    high: float


def scales_of(calibration: Calibration) -> tuple[Scale, ...]:
    """Return the calibration's own scale, and that of the plain cosine where it is known."""
    own = Scale("normalised", calibration.normaliser, calibration.default_threshold)
    if "" not in calibration.former:
        return (own,)
    at_default = threshold_at(*calibration.former[""], calibration.default_far)
    return Scale("cosine", PLAIN_COSINE, at_default), own


def false_matches(
    photos: Photos, embedded: Embedded, scale: Scale, mirrored: bool
) -> Iterator[GroupRate]:
    """Yield the FMR of every group, a folder of strangers each."""
    faces = scale.normaliser(embedded.embeddings(mirrored))
    for number, group in enumerate(photos.names):
        members = np.flatnonzero((photos.person == number) & embedded.usable)
        yield false_match_rate(group, faces[members], scale.threshold)


def false_match_rate(group: str, faces: Normalised, threshold: float) -> GroupRate:
    """Return the FMR of pairs of different photos, with its interval by bootstrap over photos."""
    passes = (faces.similarities(faces) >= threshold).astype(float)
    np.fill_diagonal(passes, 0.0)
    count = len(faces)
    generator = np.random.default_rng(SEED)
    drawn = generator.multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)
    # A photo drawn twice forms no pair with itself.
    pairs = count**2 - (drawn**2).sum(axis=1)
    rates = ((drawn @ passes) * drawn).sum(axis=1) / pairs
    low, high = np.quantile(rates, (0.025, 0.975))
    return GroupRate(group, count, passes.sum() / (count * (count - 1)), float(low), float(high))


def groups_by_proxy(
    people: Embeddings, person: Integers, cohort: Embeddings, group: Integers
) -> Integers:
    """Return the group of each person: that of most of the nearest cohort faces of their photos.

    Args:
        people: float32 (n, d), photos of people.
        person: int (n,), the person in each, from 0 without gaps.
        cohort: float32 (m, d), photos of known groups.
        group: int (m,), the group of each.
    """
    nearest = np.argpartition(-(people @ cohort.T), NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    votes = np.zeros((int(person.max()) + 1, int(group.max()) + 1))
    np.add.at(votes, (np.repeat(person, NEIGHBOURS), group[nearest].ravel()), 1)
    chosen: Integers = votes.argmax(axis=1)
    return chosen


def false_non_matches(
    faces: Normalised, person: Integers, names: Sequence[str], group_of: Integers, threshold: float
) -> Iterator[GroupRate]:
    """Yield the FNMR of every group with FEWEST_PEOPLE or more, by bootstrap over people."""
    trials = pair_trials(faces, person, int(person.max()) + 1)
    genuine = trials.genuine
    refused = np.bincount(trials.anchor[genuine], trials.similarity[genuine] < threshold)
    tried = np.bincount(trials.anchor[genuine])
    generator = np.random.default_rng(SEED)
    for number, group in enumerate(names):
        members = np.flatnonzero(group_of[: len(tried)] == number)
        if len(members) < FEWEST_PEOPLE:
            continue
        drawn = generator.choice(members, (RESAMPLES, len(members)))
        rates = refused[drawn].sum(axis=1) / np.maximum(tried[drawn].sum(axis=1), 1)
        low, high = np.quantile(rates, (0.025, 0.975))
        rate = refused[members].sum() / max(tried[members].sum(), 1)
        yield GroupRate(group, len(members), float(rate), float(low), float(high))


def differentials(rates: Sequence[GroupRate]) -> str:
    """Return the ratios of the worst group to the best and to the geometric mean, as text."""
    found = np.array([row.rate for row in rates])
    worst = rates[int(found.argmax())].group
    if not found.min():
        return f"worst {worst}; some group has no false match, so no ratio"
    mean = float(np.exp(np.log(found).mean()))
    return (
        f"worst {worst}: {found.max() / found.min():.1f} × the best, "
        f"{found.max() / mean:.1f} × the mean"
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        strangers = photos_in(options.groups)
        people = photos_in(options.people) if options.people else None
        cohort = photos_in(options.cohort) if people else None
        for model in options.models:
            artifact = load_artifact(model)
            scales = scales_of(load_calibration(artifact.folder, artifact.model_id))
            _print_false_matches(artifact, scales, strangers)
            if people and cohort:
                _print_false_non_matches(artifact, scales, people, cohort)
    except (ArtifactError, ProtocolError) as error:
        print(f"fairness: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    utkface = SHARED / "utkface"
    parser = argparse.ArgumentParser(
        prog="python -m ml fairness", description=__doc__.splitlines()[0]
    )
    parser.add_argument("models", nargs="+", metavar="MODEL", help="names of models")
    parser.add_argument(
        "--groups", type=Path, default=utkface / "test", help="folder: a sub-folder a group"
    )
    parser.add_argument(
        "--people", type=Path, help="folder: a sub-folder a person, for the FNMR by proxy"
    )
    parser.add_argument(
        "--cohort", type=Path, default=utkface / "cohort", help="folder: faces of known groups"
    )
    return parser


def _print_false_matches(artifact: Artifact, scales: Sequence[Scale], photos: Photos) -> None:
    embedded = embed_photos(artifact, photos, label="groups")
    print(f"{artifact.config.name}: FMR between strangers of a group, {_counted(embedded)}")
    by_scale = {
        scale.name: list(false_matches(photos, embedded, scale, artifact.config.mirrored))
        for scale in scales
    }
    _print_table(by_scale)
    for name, rates in by_scale.items():
        print(f"  {name}: {differentials(rates)}")


def _print_false_non_matches(
    artifact: Artifact, scales: Sequence[Scale], people: Photos, cohort: Photos
) -> None:
    mirrored = artifact.config.mirrored
    embedded = embed_photos(artifact, people, label="people")
    known = embed_photos(artifact, cohort, label="cohort")
    found, person = embedded.embeddings(mirrored)[embedded.usable], people.person[embedded.usable]
    person = np.unique(person, return_inverse=True)[1]
    group_of = groups_by_proxy(
        found, person, known.embeddings(mirrored)[known.usable], cohort.person[known.usable]
    )
    print(f"{artifact.config.name}: FNMR of people, by the group of their nearest cohort faces")
    by_scale = {
        scale.name: list(
            false_non_matches(
                scale.normaliser(found), person, cohort.names, group_of, scale.threshold
            )
        )
        for scale in tqdm(scales, "pairs", unit="scale", leave=False)
    }
    _print_table(by_scale)


def _counted(embedded: Embedded) -> str:
    unusable = int((~embedded.usable).sum())
    return f"{len(embedded.usable)} photos, {unusable} without a usable face"


def _print_table(by_scale: Mapping[str, Sequence[GroupRate]]) -> None:
    print(f"  {'group':20} {'n':>4}  " + "  ".join(f"{name:>26}" for name in by_scale))
    for rows in zip(*by_scale.values(), strict=True):
        cells = (f"{row.rate:8.2%} ({row.low:.2%} to {row.high:.2%})" for row in rows)
        group = rows[0]
        print(f"  {group.group:20} {group.members:4}  " + "  ".join(f"{one:>26}" for one in cells))
