"""Every loss equals a slow loop over small vectors, and its gradient equals finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from ml.siamese.losses import CLASSES, UnknownLoss, build_loss
from ml.siamese.losses.distillation import distillation

pytestmark = pytest.mark.slow

PEOPLE = 3
LABELS = np.array([0, 0, 0, 1, 1, 2, 2])
STEP = 1e-3


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def raw_vectors(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(len(LABELS), 4))


def pairs(embeddings: np.ndarray) -> tuple[list[float], list[float]]:
    """Return the distances of genuine and of impostor pairs, each ordered pair once."""
    genuine, impostor = [], []
    for i, a in enumerate(embeddings):
        for j, b in enumerate(embeddings):
            if i != j:
                kind = genuine if LABELS[i] == LABELS[j] else impostor
                kind.append(float(np.linalg.norm(a - b)))
    return genuine, impostor


def slow_contrastive(embeddings: np.ndarray, margin: float = 1.0) -> float:
    genuine, impostor = pairs(embeddings)
    lacking = [margin - d for d in impostor if d < margin]
    push = sum(x**2 for x in lacking) / len(lacking) if lacking else 0.0
    return (sum(d**2 for d in genuine) / len(genuine) + push) / 2


def slow_batch_hard(embeddings: np.ndarray, margin: float = 0.3) -> float:
    losses = []
    for i, anchor in enumerate(embeddings):
        to = [float(np.linalg.norm(anchor - other)) for other in embeddings]
        positives = [d for j, d in enumerate(to) if j != i and LABELS[j] == LABELS[i]]
        negatives = [d for j, d in enumerate(to) if LABELS[j] != LABELS[i]]
        losses.append(max(0.0, max(positives) - min(negatives) + margin))
    return sum(losses) / len(losses)


def slow_semi_hard(embeddings: np.ndarray, margin: float = 0.3) -> float:
    losses = []
    for i, anchor in enumerate(embeddings):
        to = [float(np.linalg.norm(anchor - other)) for other in embeddings]
        negatives = [d for j, d in enumerate(to) if LABELS[j] != LABELS[i]]
        for j, positive in enumerate(to):
            if j == i or LABELS[j] != LABELS[i]:
                continue
            farther = [d for d in negatives if d > positive]
            negative = min(farther) if farther else max(negatives)
            losses.append(max(0.0, positive - negative + margin))
    return sum(losses) / len(losses)


def slow_koch_bce(embeddings: np.ndarray) -> float:
    weight = math.log1p(math.exp(4.0)) / math.sqrt(embeddings.shape[1])
    missed, accepted = [], []
    for i, a in enumerate(embeddings):
        for j, b in enumerate(embeddings):
            if i == j:
                continue
            same = 1 / (1 + math.exp(-(4.0 - weight * float(np.abs(a - b).sum()))))
            if LABELS[i] == LABELS[j]:
                missed.append(-math.log(same))
            else:
                accepted.append(-math.log(1 - same))
    return (sum(missed) / len(missed) + sum(accepted) / len(accepted)) / 2


def slow_supervised_contrastive(embeddings: np.ndarray, temperature: float = 0.1) -> float:
    losses = []
    for i, anchor in enumerate(embeddings):
        others = [j for j in range(len(LABELS)) if j != i]
        total = sum(math.exp(float(anchor @ embeddings[j]) / temperature) for j in others)
        own = [j for j in others if LABELS[j] == LABELS[i]]
        shares = [math.exp(float(anchor @ embeddings[j]) / temperature) / total for j in own]
        losses.append(-sum(math.log(share) for share in shares) / len(own))
    return sum(losses) / len(losses)


def slow_arcface(
    embeddings: np.ndarray, centres: np.ndarray, margin: float = 0.5, scale: float = 32.0
) -> float:
    losses = []
    for embedding, label in zip(embeddings, LABELS, strict=True):
        logits = []
        for person, centre in enumerate(unit(centres)):
            cosine = float(embedding @ centre)
            if person == label:
                angle = math.acos(cosine) + margin
                past = angle > math.pi
                cosine = cosine - margin * math.sin(margin) if past else math.cos(angle)
            logits.append(scale * cosine)
        top = max(logits)
        total = sum(math.exp(logit - top) for logit in logits)
        losses.append(math.log(total) + top - logits[label])
    return sum(losses) / len(losses)


SLOW: dict[str, tuple[str, dict[str, object], Callable[[np.ndarray], float]]] = {
    "contrastive": ("contrastive", {}, slow_contrastive),
    "contrastive, wide margin": (
        "contrastive",
        {"margin": 1.6},
        lambda embeddings: slow_contrastive(embeddings, 1.6),
    ),
    "triplet, batch-hard": ("triplet", {}, slow_batch_hard),
    "triplet, semi-hard": ("triplet", {"mining": "semi_hard"}, slow_semi_hard),
    "koch_bce": ("koch_bce", {}, slow_koch_bce),
    "supervised_contrastive": ("supervised_contrastive", {}, slow_supervised_contrastive),
}


@pytest.mark.parametrize("case", SLOW)
@pytest.mark.parametrize("seed", range(5))
def test_a_loss_equals_its_slow_loop(case: str, seed: int) -> None:
    name, options, slow = SLOW[case]
    embeddings = unit(raw_vectors(seed))
    loss = build_loss(name, people=PEOPLE, options=options)
    assert float(loss(embeddings.astype(np.float32), LABELS)) == pytest.approx(
        slow(embeddings), rel=1e-4, abs=1e-5
    )


@pytest.mark.parametrize("seed", range(5))
def test_arcface_equals_its_slow_loop(seed: int) -> None:
    embeddings = unit(raw_vectors(seed))
    loss = build_loss("arcface", people=PEOPLE, options={})
    value = float(loss(embeddings.astype(np.float32), LABELS))
    expected = slow_arcface(embeddings, loss.centres.numpy().astype(np.float64))
    assert value == pytest.approx(expected, rel=1e-4)


def test_arcface_beyond_the_half_turn_still_falls_with_the_angle() -> None:
    loss = build_loss("arcface", people=2, options={})
    loss(np.eye(2, dtype=np.float32), np.array([0, 1]))
    loss.centres.assign([[1.0, 0.0], [0.0, 1.0]])
    angles = np.radians([150, 160, 170, 179])
    points = np.stack([np.cos(angles), -np.sin(angles)], axis=1).astype(np.float32)
    values = [float(loss(point[None], np.array([0]))) for point in points]
    assert values == sorted(values)


def slow_gradient(slow: Callable[[np.ndarray], float], raw: np.ndarray) -> np.ndarray:
    gradient = np.zeros_like(raw)
    for place in np.ndindex(*raw.shape):
        moved = [raw.copy(), raw.copy()]
        moved[0][place] += STEP
        moved[1][place] -= STEP
        gradient[place] = (slow(unit(moved[0])) - slow(unit(moved[1]))) / (2 * STEP)
    return gradient


@pytest.mark.parametrize("case", SLOW)
def test_the_gradient_equals_finite_differences_of_the_slow_loop(case: str) -> None:
    name, options, slow = SLOW[case]
    raw = raw_vectors(seed=11)
    loss = build_loss(name, people=PEOPLE, options=options)
    vectors = tf.Variable(raw, dtype=tf.float32)
    with tf.GradientTape() as tape:
        value = loss(tf.math.l2_normalize(vectors, axis=-1), LABELS)
    gradient = tape.gradient(value, vectors).numpy()
    np.testing.assert_allclose(gradient, slow_gradient(slow, raw), rtol=0.02, atol=2e-3)
    assert np.abs(gradient).max() > 0.01


def test_arcface_gradients_equal_finite_differences_for_embeddings_and_centres() -> None:
    raw = raw_vectors(seed=11)
    loss = build_loss("arcface", people=PEOPLE, options={"scale": 4.0})
    vectors = tf.Variable(raw, dtype=tf.float32)
    with tf.GradientTape() as tape:
        value = loss(tf.math.l2_normalize(vectors, axis=-1), LABELS)
    by_vectors, by_centres = tape.gradient(value, [vectors, loss.centres])
    centres = loss.centres.numpy().astype(np.float64)
    np.testing.assert_allclose(
        by_vectors, slow_gradient(lambda e: slow_arcface(e, centres, scale=4.0), raw), atol=2e-3
    )
    np.testing.assert_allclose(by_centres, slow_centre_gradient(raw, centres), atol=2e-3)


def slow_centre_gradient(raw: np.ndarray, centres: np.ndarray) -> np.ndarray:
    gradient = np.zeros_like(centres)
    for place in np.ndindex(*centres.shape):
        values = []
        for step in (STEP, -STEP):
            moved = centres.copy()
            moved[place] += step
            values.append(slow_arcface(unit(raw), moved, scale=4.0))
        gradient[place] = (values[0] - values[1]) / (2 * STEP)
    return gradient


def test_distillation_is_the_mean_squared_distance() -> None:
    student, teacher = unit(raw_vectors(1)), unit(raw_vectors(2))
    expected = sum(float(((a - b) ** 2).sum()) for a, b in zip(student, teacher, strict=True))
    assert float(distillation(student, teacher)) == pytest.approx(expected / len(student))


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_equal_embeddings_give_a_finite_gradient(name: str) -> None:
    loss = build_loss(name, people=PEOPLE, options={})
    vectors = tf.Variable(np.ones((len(LABELS), 4)), dtype=tf.float32)
    with tf.GradientTape() as tape:
        value = loss(tf.math.l2_normalize(vectors, axis=-1), LABELS)
    assert np.isfinite(tape.gradient(value, vectors).numpy()).all()


@pytest.mark.parametrize("name", ["contrastive", "triplet", "koch_bce", "supervised_contrastive"])
def test_a_batch_without_genuine_pairs_has_a_finite_loss(name: str) -> None:
    loss = build_loss(name, people=PEOPLE, options={})
    embeddings = unit(raw_vectors(3))[:3].astype(np.float32)
    assert math.isfinite(float(loss(embeddings, np.array([0, 1, 2]))))


def test_an_unknown_loss_lists_the_known_ones() -> None:
    with pytest.raises(UnknownLoss, match=r"'tripplet'; known are arcface, contrastive, koch_bce"):
        build_loss("tripplet", people=PEOPLE, options={})


def test_an_unknown_option_lists_the_known_ones() -> None:
    with pytest.raises(UnknownLoss, match=r"marjin of .*; known are margin, mining"):
        build_loss("triplet", people=PEOPLE, options={"marjin": 1.0})


def test_an_unknown_mining_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="one of batch_hard, semi_hard, not 'hard'"):
        build_loss("triplet", people=PEOPLE, options={"mining": "hard"})
