"""Measure what a model's similarities mean: `python -m ml.calibrate MODEL`.

From people who took part neither in training nor in the reported tests: genuine trials between the
photos of one person, impostor trials between different people and against strangers of whom one
photo each is known. Writes `calibration.json` beside the weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from ml import DEFAULT_MODEL, DEFAULT_RULE, Artifact, ArtifactError, load_artifact, match_rules
from ml.calibration import FILE, Curve, load_calibration
from ml.error_rates import RULE_OF_THREE, Trials, bootstrap_interval, threshold_at_far
from ml.evaluation.anchors import SEED, drawn_trials, pair_trials
from ml.evaluation.embed import Embedded, embed_photos
from ml.evaluation.photos import SHARED, Photos, ProtocolError, photos_in
from ml.evaluation.strangers import FPIRS, GALLERY_SIZES, search_as_strangers
from ml.registry import write_atomically

PEOPLE = SHARED / "celeba_wild" / "calibration"
STRANGERS = SHARED / "lfw_strangers"

DEFAULT_FAR = 1e-3
ANCHORS = (1, 3, 5)

# A stranger whose nearest photo of an identified person is at least this similar may be that
# person: both sets hold celebrities. It lies where one in ten thousand known impostors lies.
SAME_FACE_FAR = 1e-4

# Two photos this similar are one photo. Two identities that share one are one person under two
# names, or a mislabelled photo: trials between them are no impostor trials.
SAME_PHOTO = 0.995

HISTOGRAM_BINS = 80

# Scores at which the shares of accepted strangers are pinned: every fifteen points above 20 let
# ten times fewer pass, and the default threshold is in the middle.
SCORE_AT_FAR = ((0.5, 2.0), (1e-1, 20.0), (1e-2, 35.0), (DEFAULT_FAR, 50.0), (1e-4, 65.0))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default=DEFAULT_MODEL)
    parser.add_argument("--people", type=Path, default=PEOPLE, help="folder of held-out people")
    parser.add_argument("--strangers", type=Path, default=STRANGERS, help="one photo a person")
    options = parser.parse_args(arguments)
    try:
        artifact = load_artifact(options.model)
        people, strangers = photos_in(options.people), photos_in(options.strangers)
    except (ArtifactError, ProtocolError) as error:
        print(f"calibrate: {error}", file=sys.stderr)
        return 2
    table = calibrate(artifact, people, strangers)
    write_atomically(artifact.folder / FILE, json.dumps(table) + "\n")
    print(_summary(artifact))
    return 0


def calibrate(artifact: Artifact, people: Photos, strangers: Photos) -> dict[str, Any]:
    """Measure error rates of every rule and number of anchors; the content of the file.

    Args:
        artifact: the model.
        people: several photos each; genuine and impostor trials.
        strangers: one photo each; impostor trials only.
    """
    embedded = embed_photos(artifact, people + strangers, label="calibration")
    embeddings, person, dropped = _usable(embedded, len(people.names), artifact.config.mirrored)
    facts = {
        "photos": len(people.paths),
        "strangers_dropped_as_lookalikes": dropped,
        "failures_to_enrol": len(embedded.failures),
    }
    return measure(artifact.model_id, embeddings, person, people.names, facts)


def measure(
    model_id: str,
    embeddings: np.ndarray,
    person: np.ndarray,
    names: Sequence[str],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Measure error rates from embeddings; the content of the file.

    Args:
        model_id: of the model that made the embeddings.
        embeddings: float32 (n, d), as served.
        person: int (n,), who is in them; numbers from len(names) on are strangers.
        names: of the people with several photos each.
        facts: about where the embeddings come from, to be kept.
    """
    identified = len(names)
    pairs = pair_trials(embeddings, person, identified)
    sharing = _identities_sharing_a_photo(pairs)
    pairs = _without(pairs, sharing)
    strangers_left = np.unique(person[person >= identified])
    groups = [np.arange(identified), strangers_left]
    progress = tqdm(total=len(match_rules) * len(ANCHORS) + 1, desc="error rates", unit="curve")
    pairs_curve = _curve([pairs], groups)
    progress.update()
    curves: dict[str, dict[str, Any]] = {}
    for rule in match_rules:
        curves[rule] = {}
        for anchors in ANCHORS:
            draws = drawn_trials(embeddings, person, anchors, rule)
            curves[rule][str(anchors)] = _curve([_without(d, sharing) for d in draws], groups)
            progress.update()
    progress.close()
    impostor = pairs.similarity[~pairs.genuine]
    return {
        "model_id": model_id,
        "default_rule": DEFAULT_RULE,
        "default_far": DEFAULT_FAR,
        "default_threshold": threshold_at_far(impostor, DEFAULT_FAR),
        "score_map": _score_map(impostor),
        "made_from": {
            "people": identified,
            "strangers": len(strangers_left),
            "identities_sharing_a_photo": [[names[a], names[b]] for a, b in sorted(sharing)],
        }
        | facts,
        "pairs": pairs_curve,
        "histogram": _histogram(pairs),
        "verification": curves,
        "identification": _identification(embeddings, person, identified, sharing),
    }


def _usable(
    embedded: Embedded, identified: int, mirrored: bool
) -> tuple[np.ndarray, np.ndarray, int]:
    """Embeddings and people of usable photos, without strangers who may be identified people."""
    embeddings = embedded.view(mirrored)[embedded.usable]
    person = embedded.photos.person[embedded.usable]
    known = person < identified
    among_known = pair_trials(embeddings[known], person[known], identified)
    limit = threshold_at_far(among_known.similarity[~among_known.genuine], SAME_FACE_FAR)
    nearest = (embeddings @ embeddings[known].T).max(axis=1)
    keep = known | (nearest < limit)
    return embeddings[keep], person[keep], int((~keep).sum())


def _identities_sharing_a_photo(pairs: Trials) -> set[tuple[int, int]]:
    shared = ~pairs.genuine & (pairs.similarity >= SAME_PHOTO)
    return {
        (min(a, b), max(a, b))
        for a, b in zip(pairs.anchor[shared].tolist(), pairs.probe[shared].tolist(), strict=True)
    }


def _without(trials: Trials, sharing: set[tuple[int, int]]) -> Trials:
    """The trials less those between identities that share a photo."""
    low, high = np.minimum(trials.probe, trials.anchor), np.maximum(trials.probe, trials.anchor)
    keep = np.ones(len(low), bool)
    for a, b in sharing:
        keep &= (low != a) | (high != b)
    return Trials(trials.similarity[keep], trials.probe[keep], trials.anchor[keep])


def _curve(draws: list[Trials], groups: list[np.ndarray]) -> dict[str, Any]:
    """Rates over a grid of thresholds, with intervals by bootstrap over people."""
    trials = Trials(
        *(
            np.concatenate([getattr(draw, name) for draw in draws])
            for name in ("similarity", "probe", "anchor")
        )
    )
    genuine = trials.genuine
    grid = _grid(trials.similarity[genuine], trials.similarity[~genuine])
    row: dict[str, Any] = {"threshold": grid.round(5).tolist()}
    for name, chosen in (("far", ~genuine), ("frr", genuine)):
        part = Trials(trials.similarity[chosen], trials.probe[chosen], trials.anchor[chosen])
        counts = part.counts_above(grid)
        everyone = np.ones((1, sum(len(group) for group in groups)), np.float32)
        rate = counts.shares(everyone)[0]
        low, high = bootstrap_interval(counts, groups, rounds=300, seed=SEED)
        if name == "frr":
            rate, low, high = 1 - rate, 1 - high, 1 - low
        for key, values in ((name, rate), (f"{name}_low", low), (f"{name}_high", high)):
            row[key] = _short(values)
    pairs_of_people = len(np.unique(trials.anchor[~genuine] * 10**6 + trials.probe[~genuine]))
    return row | {
        "genuine_trials": int(genuine.sum()) // len(draws),
        "impostor_trials": int((~genuine).sum()) // len(draws),
        "people": len(np.unique(trials.anchor)),
        "far_supported": float(f"{RULE_OF_THREE / pairs_of_people:.2g}"),
    }


def _identification(
    embeddings: np.ndarray, person: np.ndarray, identified: int, sharing: set[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Thresholds of a search by rule, anchors and people enrolled, with the FPIR they give."""
    # Of two identities that share a photo one stays away, lest it find the other.
    kept = ~np.isin(person, [second for _, second in sharing])
    embeddings, person = embeddings[kept], person[kept]
    rows = []
    for rule, anchors, size in product(match_rules, ANCHORS, GALLERY_SIZES):
        searches = search_as_strangers(
            embeddings, person, identified, size=size, anchors=anchors, rule=rule
        )
        if searches is None:
            continue
        thresholds = [searches.threshold(fpir) for fpir in FPIRS]
        low, high = zip(*map(searches.interval, thresholds), strict=True)
        rows.append(
            {"rule": rule, "anchors": anchors, "people": size, "fpir": list(FPIRS)}
            | {"threshold": [round(threshold, 5) for threshold in thresholds]}
            | {"fpir_low": _short(low), "fpir_high": _short(high)}
            | {"searches": len(searches.top), "searching": len(np.unique(searches.person))}
        )
    return rows


def _short(values: Iterable[float]) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def _histogram(pairs: Trials) -> dict[str, list[float]]:
    """Shares of genuine and of impostor comparisons over equal steps of similarity."""
    edges = np.linspace(pairs.similarity.min(), pairs.similarity.max(), HISTOGRAM_BINS + 1)
    rows = {"edges": edges}
    for name, chosen in (("genuine", pairs.genuine), ("impostor", ~pairs.genuine)):
        counts = np.histogram(pairs.similarity[chosen], edges)[0]
        rows[name] = counts / max(counts.sum(), 1)
    return {name: _short(row) for name, row in rows.items()}


def _grid(genuine: np.ndarray, impostor: np.ndarray) -> np.ndarray:
    """Thresholds dense where rates change: at shares of impostors by decade, and of genuine."""
    passed = np.geomspace(1e-6, 1, 80)
    refused = np.concatenate([np.geomspace(1e-4, 0.1, 30), np.linspace(0.1, 0.99, 20)])
    points = [np.quantile(impostor, 1 - passed), np.quantile(genuine, refused)]
    return np.unique(np.concatenate(points).astype(np.float32))


def _score_map(impostor: np.ndarray) -> dict[str, list[float]]:
    knots = {-1.0: 0.0, 1.0: 100.0}
    for far, score in SCORE_AT_FAR:
        knots[threshold_at_far(impostor, far)] = score
    # With few impostors several shares are reached at one similarity; the default keeps its score.
    knots[threshold_at_far(impostor, DEFAULT_FAR)] = dict(SCORE_AT_FAR)[DEFAULT_FAR]
    return {"similarity": sorted(knots), "score": [knots[place] for place in sorted(knots)]}


def _summary(artifact: Artifact) -> str:
    calibration = load_calibration(artifact.folder, artifact.model_id)
    lines = [f"{artifact.model_id}: threshold {calibration.default_threshold:.4f} at FAR 1e-3"]
    lines.append(f"made from {calibration.made_from}")
    lines.append(_line("pairs", calibration.pairs))
    for rule, by_anchors in calibration.curves.items():
        lines += [_line(rule, curve) for curve in by_anchors.values()]
    return "\n".join(lines)


def _line(rule: str, curve: Curve) -> str:
    rates = curve.rates_at(curve.threshold_at_far(DEFAULT_FAR))
    return (
        f"{rule:>9} of {curve.anchors}: FRR {rates['frr']:.2%} "
        f"({rates['frr_low']:.2%} to {rates['frr_high']:.2%}) at FAR 1e-3 "
        f"({rates['far_low']:.1e} to {rates['far_high']:.1e})"
    )


if __name__ == "__main__":
    sys.exit(main())
