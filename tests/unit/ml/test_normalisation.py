from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.errors import ModelBroken
from ml.lab.calibration.cohort import NEAREST, Form, learn, moments_to_nearest
from ml.lab.evaluation.protocols.photos import ProtocolError
from ml.normalisation import (
    FILE,
    PLAIN_COSINE,
    ScoreNormaliser,
    load_normaliser,
    save_normaliser,
)

SIZE = 16
FORMS = (Form(5.0, 0.01), Form(15.0, 0.01))


def unit(rows: np.ndarray) -> np.ndarray:
    scaled = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled.astype(np.float32)


def two_groups(photos: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw strangers of two groups; the network places the second closer together."""
    generator = np.random.default_rng(seed)
    middles = unit(np.random.default_rng(5).normal(size=(2, SIZE)))
    group = np.arange(photos) % 2
    spread = np.where(group, 0.12, 0.25)[:, None]
    return unit(middles[group] + spread * generator.normal(size=(photos, SIZE))), group


@pytest.fixture(scope="module")
def normaliser() -> ScoreNormaliser:
    patch = pytest.MonkeyPatch()
    patch.setattr("ml.lab.calibration.cohort.FORMS", FORMS)
    patch.setattr("ml.lab.calibration.cohort.CENTRES", 128)
    cohort, _ = two_groups(1200, seed=1)
    learnt = learn(cohort, "drawn; free")
    patch.undo()
    return learnt.normaliser


def false_matches(similarities: np.ndarray, threshold: float) -> float:
    pairs = similarities[np.triu_indices(len(similarities), 1)]
    return float((pairs >= threshold).mean())


def test_strangers_of_a_crowded_group_pass_no_more_often(normaliser: ScoreNormaliser) -> None:
    faces, group = two_groups(1000, seed=2)

    def rates(compare) -> list[float]:
        every = compare(faces)
        similarities = every.similarities(every)
        within = [similarities[np.ix_(group == one, group == one)] for one in (0, 1)]
        pooled = np.concatenate([each[np.triu_indices(len(each), 1)] for each in within])
        threshold = np.quantile(pooled, 0.99)
        return [false_matches(each, threshold) for each in within]

    wide, crowded = rates(PLAIN_COSINE)
    assert crowded > 20 * max(wide, 1e-4)
    wide, crowded = rates(normaliser)
    assert max(wide, crowded) < 5 * min(wide, crowded)


def test_the_regression_gives_the_moments_of_the_cohort(normaliser: ScoreNormaliser) -> None:
    cohort, _ = two_groups(1200, seed=1)
    faces, _ = two_groups(200, seed=3)

    expected = moments_to_nearest(faces, cohort, among=False)
    found = normaliser.moments(faces)

    deviation = expected[:, 1].mean()
    assert np.sqrt(np.square(found - expected).mean(axis=0)) == pytest.approx(0, abs=deviation)


@given(st.integers(0, 1000))
def test_similarity_is_symmetric_bounded_and_the_same_in_pairs(seed: int) -> None:
    normaliser = hand_made()
    a = normaliser(unit(np.random.default_rng(seed).normal(size=(5, SIZE))))
    b = normaliser(unit(np.random.default_rng(seed + 1).normal(size=(5, SIZE))))

    together = a.similarities(b)

    np.testing.assert_allclose(together, b.similarities(a).T, atol=1e-5)
    np.testing.assert_allclose(np.diag(together), a.paired(b), atol=1e-5)
    assert np.abs(together).max() <= 1


@given(st.integers(0, 1000))
def test_similarity_is_the_mean_of_both_normalised_cosines(seed: int) -> None:
    normaliser = hand_made()
    a, b = (unit(np.random.default_rng(seed + n).normal(size=(3, SIZE))) for n in (0, 1))
    (mean_a, sd_a), (mean_b, sd_b) = normaliser.moments(a).T, normaliser.moments(b).T
    cosines = (a * b).sum(axis=1)

    expected = normaliser.scale * ((cosines - mean_a) / sd_a + (cosines - mean_b) / sd_b) / 2

    found = normaliser(a).paired(normaliser(b))
    np.testing.assert_allclose(found, np.clip(expected, -1, 1), atol=1e-5)


def test_moments_stay_within_those_of_the_cohort(normaliser: ScoreNormaliser) -> None:
    """Otherwise an input unlike every face could lower its own threshold."""
    strange = unit(np.random.default_rng(7).normal(size=(500, SIZE)))
    moments = normaliser.moments(np.concatenate([strange, -strange]))

    low, high = normaliser.bounds
    assert (moments >= low).all()
    assert (moments <= high).all()


@pytest.mark.parametrize("moment", [0, 1])
def test_an_embedding_searched_for_a_low_moment_gains_nothing(
    normaliser: ScoreNormaliser, moment: int
) -> None:
    gallery, _ = two_groups(600, seed=5)
    generator = np.random.default_rng(6)
    found, _ = two_groups(20, seed=7)
    for _ in range(300):
        tried = unit(found + 0.05 * generator.normal(size=found.shape))
        lower = normaliser.moments(tried)[:, moment] < normaliser.moments(found)[:, moment]
        found = np.where(lower[:, None], tried, found)

    def passing(compare) -> float:
        enrolled = compare(gallery)
        strangers = enrolled.similarities(enrolled)[np.triu_indices(len(gallery), 1)]
        threshold = np.quantile(strangers, 0.999)
        return float((compare(found).similarities(enrolled) >= threshold).mean())

    assert passing(normaliser) <= max(passing(PLAIN_COSINE), 0.001)


def test_no_centre_is_the_embedding_of_one_person(normaliser: ScoreNormaliser) -> None:
    cohort, _ = two_groups(1200, seed=1)
    assert (normaliser.centres @ cohort.T).max() < 0.999


def test_without_a_normaliser_the_similarity_is_the_cosine() -> None:
    faces = unit(np.random.default_rng(0).normal(size=(6, SIZE)))
    plain = PLAIN_COSINE(faces)
    np.testing.assert_allclose(plain.similarities(plain), faces @ faces.T, atol=1e-6)


def test_a_saved_normaliser_is_loaded_the_same(normaliser: ScoreNormaliser, tmp_path: Path) -> None:
    save_normaliser(tmp_path, normaliser)
    loaded = load_normaliser(tmp_path, normaliser.digest, "calibrate")

    faces, _ = two_groups(50, seed=4)
    assert loaded.digest == normaliser.digest
    assert loaded.origin == "drawn; free"
    np.testing.assert_array_equal(loaded(faces).statistics, normaliser(faces).statistics)


@pytest.mark.parametrize("damage", ["cut", "missing", "another"])
def test_a_damaged_normaliser_is_refused_with_the_remedy(
    normaliser: ScoreNormaliser, tmp_path: Path, damage: str
) -> None:
    digest = normaliser.digest
    save_normaliser(tmp_path, normaliser)
    if damage == "cut":
        content = (tmp_path / FILE).read_bytes()
        (tmp_path / FILE).write_bytes(content[: len(content) // 2])
    elif damage == "missing":
        (tmp_path / FILE).unlink()
    else:
        digest = "0" * 16
    with pytest.raises(ModelBroken, match=r"normaliser\.npz.*run: python -m ml calibrate"):
        load_normaliser(tmp_path, digest, "run: python -m ml calibrate open")


def test_a_small_cohort_is_refused() -> None:
    with pytest.raises(ProtocolError, match=f"at least {20 * NEAREST}"):
        learn(two_groups(100, seed=1)[0], "drawn")


def hand_made() -> ScoreNormaliser:
    generator = np.random.default_rng(9)
    centres = unit(generator.normal(size=(4, SIZE)))
    weights = np.zeros((4 + SIZE + 1, 2))
    weights[:4] = generator.uniform(0, 0.1, (4, 2))
    weights[-1] = 0.2, 0.1
    bounds = np.array([[0.1, 0.05], [0.4, 0.3]])
    return ScoreNormaliser(centres, 3.0, weights, bounds, 0.1, "drawn")
