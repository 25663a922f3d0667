"""Measurement of a calibration, on held-out people and strangers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
from tqdm import tqdm

from ml import DEFAULT_RULE, match_rules
from ml.arrays import Embeddings, Integers
from ml.error_rates import RULE_OF_THREE, Trials, bootstrap_interval, threshold_at_far
from ml.lab.evaluation.measures.anchors import LEAST_PHOTOS, SEED, drawn_trials, pair_trials
from ml.lab.evaluation.measures.open_set import FPIRS, GALLERY_SIZES, search_as_strangers
from ml.lab.evaluation.protocols.photos import ProtocolError
from ml.normalisation import PLAIN_COSINE, Normalised

DEFAULT_FAR = 1e-3


ANCHORS = (1, 3, 5)


# Identities of `PEOPLE` that share a photo: one person under two names, or a mislabelled photo.
# Trials between them are not impostor trials. The list was checked by eye
# (docs/decisions/0003): a model must not choose its own impostors.
SHARING_A_PHOTO = (
    ("07310", "07312"),
    ("07312", "07314"),
    ("07312", "07317"),
    ("07312", "07320"),
    ("07392", "07393"),
)


HISTOGRAM_BINS = 80


# Scores of the score map at fixed FMRs. Above 20, every 15 points divide the FMR by ten; the
# default threshold is at 50.
SCORE_AT_FAR = ((0.5, 2.0), (1e-1, 20.0), (1e-2, 35.0), (DEFAULT_FAR, 50.0), (1e-4, 65.0))
# Score of a photo with itself, at least; only a similarity of 1 scores 100.
SCORE_OF_ONE_PHOTO = 95.0


def measure(
    model_id: str,
    embeddings: Normalised,
    person: Integers,
    names: Sequence[str],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Measure error rates from embeddings; return the content of `calibration.json`.

    Args:
        model_id: the model that made the embeddings.
        embeddings: n rows, as served.
        person: int (n,), the person in each embedding; numbers from len(names) on are strangers.
        names: names of the people with several photos.
        facts: origin of the embeddings, stored in `made_from`.

    Raises:
        ProtocolError: if nobody has enough photos, or there are no impostor pairs.
    """
    identified = len(names)
    person = _renumbered(person, identified)
    sharing = _identities_sharing_a_photo(names)
    pairs = _without(pair_trials(embeddings, person, identified), sharing)
    _check_enough(pairs, np.bincount(person[person < identified]))
    strangers = np.unique(person[person >= identified])
    groups = [np.arange(identified), strangers]
    impostor = pairs.similarity[~pairs.genuine]
    return {
        "model_id": model_id,
        "default_rule": DEFAULT_RULE,
        "default_far": DEFAULT_FAR,
        "default_threshold": threshold_at_far(impostor, DEFAULT_FAR),
        "score_map": _score_map(impostor, highest=_self_similarity(embeddings)),
        "made_from": {
            "people": identified,
            "strangers": len(strangers),
            "identities_sharing_a_photo": [[names[a], names[b]] for a, b in sharing],
        }
        | facts,
        "middle": embeddings.embeddings.mean(axis=0, dtype=np.float64).round(6).tolist(),
        "pairs": _curve([pairs], groups),
        "histogram": _histogram(pairs),
        "verification": _curves(embeddings, person, sharing, groups),
        "identification": _identification(embeddings, person, identified, sharing),
    }


def _curves(
    embeddings: Normalised,
    person: Integers,
    sharing: Sequence[tuple[int, int]],
    groups: list[np.ndarray],
) -> dict[str, dict[str, Any]]:
    """Return the error rates of verification by rule and number of anchors."""
    curves: dict[str, dict[str, Any]] = {rule: {} for rule in match_rules}
    wanted = list(product(match_rules, ANCHORS))
    for rule, anchors in tqdm(wanted, "error rates", unit="curve"):
        draws = drawn_trials(embeddings, person, anchors, rule)
        curves[rule][str(anchors)] = _curve([_without(d, sharing) for d in draws], groups)
    return curves


def usable(
    embeddings: Embeddings, person: Integers, names: Sequence[str]
) -> tuple[Embeddings, Integers, int]:
    """Return embeddings and people without strangers who may be one of the identified people.

    Similarity is the cosine here, so that a normaliser does not choose its own impostors.

    Args:
        embeddings: float32 (n, d), of usable photos.
        person: int (n,), the person in each; numbers from len(names) on are strangers.
        names: names of the people with several photos.

    Returns:
        The rows kept, and the number of strangers left out.
    """
    known = person < len(names)
    among_known = pair_trials(PLAIN_COSINE(embeddings[known]), person[known], len(names))
    limit = _identity_limit(_without(among_known, _identities_sharing_a_photo(names)))
    nearest = (embeddings @ embeddings[known].T).max(axis=1, initial=-1)
    keep = known | (nearest < limit)
    return embeddings[keep], person[keep], int((~keep).sum())


def _identity_limit(known: Trials) -> float:
    """Return the similarity from which a stranger may be an identified person.

    Both sets contain celebrities. The limit is the median of genuine pairs, or above every impostor
    pair if that is higher. A limit at a small FMR would remove the hardest true strangers, on which
    the strict thresholds depend.
    """
    genuine = known.genuine
    typical = float(np.median(known.similarity[genuine])) if genuine.any() else 1.0
    highest = float(known.similarity[~genuine].max(initial=-1))
    return max(typical, float(np.nextafter(highest, np.inf)))


def _identities_sharing_a_photo(names: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs of `SHARING_A_PHOTO` among these people, as indices of their names."""
    number = {name: index for index, name in enumerate(names)}
    return [(number[a], number[b]) for a, b in SHARING_A_PHOTO if a in number and b in number]


def _renumbered(person: Integers, identified: int) -> np.ndarray:
    """Renumber strangers without gaps, which photos without a face and left-out strangers leave."""
    stranger = person >= identified
    numbered = person.copy()
    numbered[stranger] = identified + np.unique(person[stranger], return_inverse=True)[1]
    return numbered


def _check_enough(pairs: Trials, photos: np.ndarray) -> None:
    if photos.max(initial=0) < LEAST_PHOTOS:
        raise ProtocolError(
            f"nobody has {LEAST_PHOTOS} photos with a usable face, the fewest that can be "
            "measured with several anchors; give more photos of each person"
        )
    if pairs.genuine.all():
        raise ProtocolError(
            "no two different people are left to compare; give more people, a sub-folder each"
        )


def _without(trials: Trials, sharing: Sequence[tuple[int, int]]) -> Trials:
    """Return the trials without those between identities that share a photo."""
    low, high = np.minimum(trials.probe, trials.anchor), np.maximum(trials.probe, trials.anchor)
    keep = np.ones(len(low), bool)
    for a, b in sharing:
        keep &= (low != a) | (high != b)
    return Trials(trials.similarity[keep], trials.probe[keep], trials.anchor[keep])


def _curve(draws: list[Trials], groups: list[np.ndarray]) -> dict[str, Any]:
    """Return rates over a grid of thresholds, with intervals by bootstrap over people."""
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
            row[key] = _rounded(values)
    return row | {
        "genuine_trials": int(genuine.sum()) // len(draws),
        "impostor_trials": int((~genuine).sum()) // len(draws),
        "people": len(np.unique(trials.anchor)),
        "far_supported": float(f"{RULE_OF_THREE / _pairs_of_people(trials):.2g}"),
    }


def _pairs_of_people(trials: Trials) -> int:
    """Return the number of unordered pairs of different people."""
    probe, anchor = trials.probe[~trials.genuine], trials.anchor[~trials.genuine]
    low, high = np.minimum(probe, anchor), np.maximum(probe, anchor)
    return len(np.unique(low * (high.max() + 1) + high))


def _identification(
    embeddings: Normalised, person: Integers, identified: int, sharing: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Return identification thresholds by rule, anchors and people enrolled, with their FPIR."""
    # Of two identities that share a photo, one is left out: it would find the other.
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
            | {"fpir_low": _rounded(low), "fpir_high": _rounded(high)}
            | {"searches": len(searches.top), "searching": len(np.unique(searches.person))}
        )
    return rows


def _rounded(values: Iterable[float]) -> list[float]:
    """Round to four significant digits."""
    return [float(f"{value:.4g}") for value in values]


def _histogram(pairs: Trials) -> dict[str, list[float]]:
    """Return the shares of genuine and of impostor comparisons in bins of equal width."""
    edges = np.linspace(pairs.similarity.min(), pairs.similarity.max(), HISTOGRAM_BINS + 1)
    rows = {"edges": edges}
    for name, chosen in (("genuine", pairs.genuine), ("impostor", ~pairs.genuine)):
        counts = np.histogram(pairs.similarity[chosen], edges)[0]
        rows[name] = counts / max(counts.sum(), 1)
    return {name: _rounded(row) for name, row in rows.items()}


def _grid(genuine: np.ndarray, impostor: np.ndarray) -> np.ndarray:
    """Return thresholds, dense where rates change: quantiles of impostor and genuine trials."""
    passed = np.geomspace(1e-6, 1, 80)
    refused = np.concatenate([np.geomspace(1e-4, 0.1, 30), np.linspace(0.1, 0.99, 20)])
    points = [np.quantile(impostor, 1 - passed), np.quantile(genuine, refused)]
    return np.unique(np.concatenate(points).astype(np.float32))


def _self_similarity(embeddings: Normalised) -> float:
    """Return the similarity that nine in ten photos reach with themselves; 1 for cosines."""
    return float(np.quantile(embeddings.paired(embeddings), 0.1))


def _score_map(impostor: np.ndarray, highest: float) -> dict[str, list[float]]:
    """Return similarities and scores, ascending; `highest` is that of a photo with itself."""
    knots = {-1.0: 0.0, round(highest, 4): SCORE_OF_ONE_PHOTO, 1.0: 100.0}
    for far, score in SCORE_AT_FAR:
        knots[threshold_at_far(impostor, far)] = score
    # With few impostors, several FMRs share one similarity; the default threshold keeps score 50.
    knots[threshold_at_far(impostor, DEFAULT_FAR)] = dict(SCORE_AT_FAR)[DEFAULT_FAR]
    return {"similarity": sorted(knots), "score": [knots[place] for place in sorted(knots)]}
