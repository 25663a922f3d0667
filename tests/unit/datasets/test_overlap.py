"""Near people and near duplicates are those that a slow loop finds."""

from __future__ import annotations

import numpy as np

from ml.lab.datasets.overlap import near_duplicates, near_people, outliers, templates


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def random_units(count: int, seed: int) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, 3)))


def test_a_template_is_the_mean_direction() -> None:
    embeddings, labels = random_units(7, 0), np.array([0, 1, 0, 1, 1, 2, 2])
    for person, template in enumerate(templates(embeddings, labels)):
        rows = [embeddings[i] for i in range(7) if labels[i] == person]
        np.testing.assert_allclose(template, unit(sum(rows)), atol=1e-6)


def test_near_people_are_those_of_the_slow_loop() -> None:
    ours, others = random_units(30, 1), random_units(20, 2)
    expected = []
    for person, a in enumerate(ours):
        similarity, other = max((float(a @ b), j) for j, b in enumerate(others))
        if similarity >= 0.9:
            expected.append((person, other))
    assert 0 < len(expected) < 30
    assert [(one.person, one.other) for one in near_people(ours, others, 0.9)] == expected


def test_near_copies_are_those_of_the_slow_loop() -> None:
    ours, others = random_units(30, 3), random_units(20, 4)
    expected = [i for i, a in enumerate(ours) if max(a @ b for b in others) >= 0.95]
    assert 0 < len(expected) < 30
    assert near_duplicates(ours, others, 0.95).tolist() == expected


def test_nothing_is_near_an_empty_set() -> None:
    assert near_duplicates(random_units(3, 0), np.empty((0, 3), np.float32), 0.5).tolist() == []


def test_a_stray_is_unlike_its_persons_others() -> None:
    people = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    labels = np.repeat(np.arange(3), 4)
    people[5] = [0, 0, 1]
    assert outliers(people, labels, 0.5).tolist() == [5]


def test_an_only_picture_is_no_stray() -> None:
    assert outliers(random_units(1, 0), np.array([0]), 0.9).tolist() == []
