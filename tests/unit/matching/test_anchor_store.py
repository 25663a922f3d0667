from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import numpy as np
import pytest

from ml import Anchors, match_rules, person_similarities
from ml.normalisation import PLAIN_COSINE
from webapp.gallery import anchor_store
from webapp.gallery.anchor_store import AnchorStore, IndexSnapshot, PersonEmbeddings

SIZE = 16


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compact an index from few rows on."""
    monkeypatch.setattr(anchor_store, "SPARE_ROWS", 8)


def people_like(
    generator: np.random.Generator, people: int, anchors: int = 3
) -> list[PersonEmbeddings]:
    """Return people whose embeddings vary much in few directions, as those of faces."""
    spread = np.geomspace(1, 0.02, SIZE)
    centres = generator.standard_normal((people, 1, SIZE)) * spread + spread[0] * np.eye(SIZE)[0]
    drawn = centres + 0.2 * spread * generator.standard_normal((people, anchors, SIZE))
    drawn /= np.linalg.norm(drawn, axis=2, keepdims=True)
    return [
        PersonEmbeddings(
            uuid4(), [uuid4() for _ in own[: 1 + number % anchors]], own[: 1 + number % anchors]
        )
        for number, own in enumerate(drawn.astype(np.float32))
    ]


def probes(
    generator: np.random.Generator, people: list[PersonEmbeddings], count: int
) -> Iterator[np.ndarray]:
    """Return probes, some near a person and some of strangers."""
    strangers = people_like(generator, count, 1)
    for number in range(count):
        chosen = people[number % len(people)] if number % 2 else strangers[number]
        probe = chosen.embeddings[0] + 0.02 * generator.standard_normal(SIZE)
        yield (probe / np.linalg.norm(probe)).astype(np.float32)


def by_hand(
    people: list[PersonEmbeddings], probe: np.ndarray, rule: str, k: int
) -> list[tuple[UUID, float]]:
    embeddings = np.concatenate([person.embeddings for person in people])
    counts = [len(person.embeddings) for person in people]
    anchors = Anchors(np.cumsum([0, *counts[:-1]]), len(embeddings))
    found = person_similarities(embeddings @ probe, anchors, rule)
    order = np.argsort(-found, kind="stable")[:k]
    return [(people[place].person_id, float(found[place])) for place in order]


def asked(index: IndexSnapshot, probe: np.ndarray, rule: str, k: int) -> list[tuple[UUID, float]]:
    return [
        (index.person_id(place), float(person_similarities(cosines, own(index, place), rule)[0]))
        for place, cosines in index.nearest(PLAIN_COSINE(probe[None]), k, rule)
    ]


def own(index: IndexSnapshot, place: int) -> Anchors:
    return index.grouping_of(np.array([place]))


def is_same(found: list[tuple[UUID, float]], expected: list[tuple[UUID, float]]) -> bool:
    values = [value for _, value in found]
    return [one for one, _ in found] == [one for one, _ in expected] and values == pytest.approx(
        [value for _, value in expected], abs=1e-5
    )


@pytest.mark.parametrize("rule", match_rules)
@pytest.mark.parametrize("count", [20, 400])
def test_the_nearest_equal_an_exhaustive_comparison(rule: str, count: int) -> None:
    generator = np.random.default_rng(1)
    people = people_like(generator, count)
    index = AnchorStore(SIZE, PLAIN_COSINE).change(1, people, ())

    for probe in probes(generator, people, 60):
        assert is_same(asked(index, probe, rule, 5), by_hand(people, probe, rule, 5))


def test_a_person_changed_many_times_is_found_as_last_stored(
    small: None,
) -> None:
    generator = np.random.default_rng(4)
    living = {person.person_id: person for person in people_like(generator, 300)}
    store = AnchorStore(SIZE, PLAIN_COSINE)
    store.change(0, living.values(), ())
    for version in range(1, 30):
        leaving = list(living)[version::37]
        changing = list(living)[version + 1 :: 41]
        added = people_like(generator, 6)
        for person_id in leaving:
            del living[person_id]
        fresh = [
            replace(person, person_id=person_id)
            for person_id, person in zip(
                changing, people_like(generator, len(changing)), strict=True
            )
            if person_id in living
        ]
        living |= {person.person_id: person for person in [*fresh, *added]}

        index = store.change(version, [*fresh, *added], leaving)

        people = list(living.values())
        assert index.people == len(people)
        assert index.anchors == sum(len(person.embeddings) for person in people)
        for person_id in leaving:
            assert index.place_of(person_id) is None
        for person in people[::17]:
            place = index.place_of(person.person_id)
            assert index.anchor_ids_of(place) == tuple(person.anchor_ids)
            assert index.normalised_of(np.array([place])).embeddings == pytest.approx(
                person.embeddings, abs=1e-6
            )
        for probe in probes(generator, people, 4):
            found = {one for one, _ in asked(index, probe, "best", 4)}
            assert found == {one for one, _ in by_hand(people, probe, "best", 4)}


def test_a_snapshot_stays_unchanged_while_people_are_added(small: None) -> None:
    generator = np.random.default_rng(5)
    people = people_like(generator, 100)
    store = AnchorStore(SIZE, PLAIN_COSINE)
    before = store.change(1, people, ())
    probe = people[3].embeddings[0]
    found = asked(before, probe, "best", 5)

    for version in range(2, 6):
        store.change(version, people_like(generator, 100), [people[version].person_id])

    assert asked(before, probe, "best", 5) == found
    assert before.people == 100


def test_embeddings_stay_exact_in_float32_after_compactions(
    small: None,
) -> None:
    generator = np.random.default_rng(7)
    kept, *others = people_like(generator, 40)
    store = AnchorStore(SIZE, PLAIN_COSINE)
    index = store.change(0, [kept, *others], ())
    at_first = index.normalised_of(np.array([index.place_of(kept.person_id)])).embeddings

    for version in range(1, 40):
        index = store.change(version, others, ())

    assert len(index.normalised) < 3 * index.anchors
    found = index.normalised_of(np.array([index.place_of(kept.person_id)])).embeddings
    assert np.array_equal(found, at_first)
    assert found == pytest.approx(kept.embeddings, abs=2e-7)


def test_nothing_of_a_deleted_person_stays_among_few_anchors() -> None:
    kept, *deleted = people_like(np.random.default_rng(9), 40)
    store = AnchorStore(SIZE, PLAIN_COSINE)
    store.change(1, [kept, *deleted], ())

    index = store.change(2, (), [person.person_id for person in deleted])

    assert len(index.normalised) == len(kept.embeddings)


def test_a_person_can_be_excluded(small: None) -> None:
    generator = np.random.default_rng(6)
    people = people_like(generator, 400)
    index = AnchorStore(SIZE, PLAIN_COSINE).change(1, people, ())
    place = index.place_of(people[9].person_id)
    probe = people[9].embeddings[0]

    nearest = index.nearest(PLAIN_COSINE(probe[None]), 3, "best", exclude=place)

    others = [person for person in people if person is not people[9]]
    expected = [one for one, _ in by_hand(others, probe, "best", 3)]
    assert [index.person_id(one) for one, _ in nearest] == expected


def test_an_empty_gallery_has_no_candidates() -> None:
    index = AnchorStore(SIZE, PLAIN_COSINE).change(1, (), ())

    assert index.nearest(PLAIN_COSINE(np.ones((1, SIZE), np.float32)), 3, "best") == []
    assert (index.people, index.anchors, index.anchors_a_person, index.typical_anchors) == (
        0,
        0,
        1,
        1,
    )
