from __future__ import annotations

import numpy as np
import pytest

from ml import Anchors
from tests.unit.matching.test_local_population import at_angles, drawn_people, rows_of
from webapp.services.people.similar_people import TILE, misfits, most_alike


def slowly(embeddings: np.ndarray, anchors: Anchors) -> list[float]:
    """Return the best similarity of every pair of people, highest first, by a slow loop."""
    best = np.maximum.reduceat(embeddings @ embeddings.T, anchors.starts, axis=0)
    best = np.maximum.reduceat(best, anchors.starts, axis=1)
    return np.sort(best[np.triu_indices(len(best), 1)])[::-1].tolist()


@pytest.mark.parametrize(("people", "anchors"), [(3, 2), (40, 4), (TILE + 10, 2), (TILE // 2, 3)])
def test_the_most_alike_are_found_among_all_pairs(people: int, anchors: int) -> None:
    rows = drawn_people(people, anchors)

    found = most_alike(rows.normalised, rows.anchors, 20)

    expected = slowly(rows.embeddings, rows.anchors)[:20]
    assert [similarity for _, _, similarity in found] == pytest.approx(expected, abs=1e-6)
    person = np.repeat(np.arange(people), anchors)
    assert len({(person[first], person[second]) for first, second, _ in found}) == len(found)
    for first, second, similarity in found:
        assert person[first] < person[second]
        product = float(rows.embeddings[first] @ rows.embeddings[second])
        assert similarity == pytest.approx(product, abs=1e-6)


def test_one_person_alone_has_no_lookalike() -> None:
    rows = rows_of(at_angles(0, 5))
    assert most_alike(rows.normalised, rows.anchors, 20) == []


def test_outlier_anchors_are_listed_worst_first() -> None:
    rows = rows_of(at_angles(0, 10, 80), at_angles(0), at_angles(0, 90))

    found = misfits(rows.normalised, rows.anchors, threshold=0.5)

    # The third anchor is 70° from its nearest; the last two, 90° apart, have no others.
    assert [row for row, _ in found] == [4, 5, 2]
    assert [similarity for _, similarity in found] == pytest.approx([0, 0, 0.342], abs=1e-3)
