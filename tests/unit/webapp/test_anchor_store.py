from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import numpy as np
import pytest

from ml import Anchors, match_rules, person_similarities
from webapp.gallery import anchor_store
from webapp.gallery.anchor_store import BOUNDED_RULES, AnchorStore, Block, Held, Tuning

SIZE = 16


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two stages, and gathering anew, from few anchors on."""
    tuning = Tuning(staged_from=200, first=8, wider=64, spare=8)
    monkeypatch.setattr(anchor_store, "TUNING", tuning)
    monkeypatch.setattr(anchor_store, "STRETCH", 128)


def people_like(generator: np.random.Generator, people: int, anchors: int = 3) -> list[Block]:
    """People whose embeddings differ much in few directions, as faces' do."""
    spread = np.geomspace(1, 0.02, SIZE)
    centres = generator.standard_normal((people, 1, SIZE)) * spread + spread[0] * np.eye(SIZE)[0]
    drawn = centres + 0.2 * spread * generator.standard_normal((people, anchors, SIZE))
    drawn /= np.linalg.norm(drawn, axis=2, keepdims=True)
    return [
        Block(uuid4(), [uuid4() for _ in own[: 1 + number % anchors]], own[: 1 + number % anchors])
        for number, own in enumerate(drawn.astype(np.float32))
    ]


def probes(generator: np.random.Generator, blocks: list[Block], count: int) -> Iterator[np.ndarray]:
    """Some near somebody, some of strangers."""
    strangers = people_like(generator, count, 1)
    for number in range(count):
        chosen = blocks[number % len(blocks)] if number % 2 else strangers[number]
        probe = chosen.embeddings[0] + 0.02 * generator.standard_normal(SIZE)
        yield (probe / np.linalg.norm(probe)).astype(np.float32)


def by_hand(blocks: list[Block], probe: np.ndarray, rule: str, k: int) -> list[tuple[UUID, float]]:
    embeddings = np.concatenate([block.embeddings for block in blocks])
    counts = [len(block.embeddings) for block in blocks]
    anchors = Anchors.of(embeddings, np.cumsum([0, *counts[:-1]]))
    found = person_similarities(embeddings @ probe, anchors, rule)
    order = np.argsort(-found, kind="stable")[:k]
    return [(blocks[place].person_id, float(found[place])) for place in order]


def asked(held: Held, probe: np.ndarray, rule: str, k: int) -> list[tuple[UUID, float]]:
    return [
        (held.person_id(place), float(person_similarities(cosines, own(held, place), rule)[0]))
        for place, cosines in held.nearest(probe, k, rule)
    ]


def own(held: Held, place: int) -> Anchors:
    return held.anchors_of(np.array([place]))


def is_same(found: list[tuple[UUID, float]], expected: list[tuple[UUID, float]]) -> bool:
    values = [value for _, value in found]
    return [one for one, _ in found] == [one for one, _ in expected] and values == pytest.approx(
        [value for _, value in expected], abs=1e-5
    )


@pytest.mark.parametrize("rule", match_rules)
@pytest.mark.parametrize("people", [20, 400])
def test_the_nearest_are_those_of_comparing_with_everybody(
    small: None, rule: str, people: int
) -> None:
    generator = np.random.default_rng(1)
    blocks = people_like(generator, people)
    held = AnchorStore(SIZE).change(1, blocks, ())

    assert (len(held.coarse) < anchor_store.TUNING.staged_from) == (people == 20)
    for probe in probes(generator, blocks, 60):
        assert is_same(asked(held, probe, rule, 5), by_hand(blocks, probe, rule, 5))


def test_the_first_stage_alone_rules_most_people_out(small: None) -> None:
    generator = np.random.default_rng(2)
    blocks = people_like(generator, 2000)
    held = AnchorStore(SIZE).change(1, blocks, ())

    for probe in probes(generator, blocks, 20):
        for rule in BOUNDED_RULES:
            assert held._staged(probe, 3, rule, None)


def test_where_the_first_stage_rules_nobody_out_all_are_compared(small: None) -> None:
    generator = np.random.default_rng(3)
    drawn = generator.standard_normal((500, SIZE)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    blocks = [Block(uuid4(), [uuid4()], one[None]) for one in drawn]
    held = AnchorStore(SIZE).change(1, blocks, ())
    probe = drawn[7]

    assert is_same(asked(held, probe, "best", 3), by_hand(blocks, probe, "best", 3))


def test_who_changes_many_times_is_found_as_last_known_and_nobody_else_is_lost(
    small: None,
) -> None:
    generator = np.random.default_rng(4)
    living = {block.person_id: block for block in people_like(generator, 300)}
    store = AnchorStore(SIZE)
    store.change(0, living.values(), ())
    for version in range(1, 30):
        leaving = list(living)[version::37]
        changing = list(living)[version + 1 :: 41]
        added = people_like(generator, 6)
        for person_id in leaving:
            del living[person_id]
        fresh = [
            replace(block, person_id=person_id)
            for person_id, block in zip(
                changing, people_like(generator, len(changing)), strict=True
            )
            if person_id in living
        ]
        living |= {block.person_id: block for block in [*fresh, *added]}

        held = store.change(version, [*fresh, *added], leaving)

        blocks = list(living.values())
        assert held.people == len(blocks)
        assert held.anchors == sum(len(block.embeddings) for block in blocks)
        for person_id in leaving:
            assert held.place_of(person_id) is None
        for block in blocks[::17]:
            place = held.place_of(block.person_id)
            assert held.anchor_ids_of(place) == tuple(block.anchor_ids)
            assert held.embeddings_of(np.array([place])) == pytest.approx(
                block.embeddings, abs=1e-6
            )
        for probe in probes(generator, blocks, 4):
            found = {one for one, _ in asked(held, probe, "best", 4)}
            assert found == {one for one, _ in by_hand(blocks, probe, "best", 4)}


def test_what_was_handed_out_stays_as_it_was_while_others_are_added(small: None) -> None:
    generator = np.random.default_rng(5)
    blocks = people_like(generator, 100)
    store = AnchorStore(SIZE)
    before = store.change(1, blocks, ())
    probe = blocks[3].embeddings[0]
    found = asked(before, probe, "best", 5)

    for version in range(2, 6):
        store.change(version, people_like(generator, 100), [blocks[version].person_id])

    assert asked(before, probe, "best", 5) == found
    assert before.people == 100


def test_embeddings_are_held_as_exactly_as_float32_allows_however_often_rows_are_gathered(
    small: None,
) -> None:
    generator = np.random.default_rng(7)
    kept, *others = people_like(generator, 40)
    store = AnchorStore(SIZE)
    held = store.change(0, [kept, *others], ())
    at_first = held.embeddings_of(np.array([held.place_of(kept.person_id)]))

    for version in range(1, 40):
        held = store.change(version, others, ())

    assert len(held.coarse) < 3 * held.anchors
    found = held.embeddings_of(np.array([held.place_of(kept.person_id)]))
    assert np.array_equal(found, at_first)
    assert found == pytest.approx(kept.embeddings, abs=2e-7)


def test_of_few_anchors_nothing_is_kept_of_who_was_deleted() -> None:
    kept, *deleted = people_like(np.random.default_rng(9), 40)
    store = AnchorStore(SIZE)
    store.change(1, [kept, *deleted], ())

    held = store.change(2, (), [block.person_id for block in deleted])

    assert len(held.coarse) == len(held.rest) == len(kept.embeddings)


def test_a_number_too_large_for_the_grid_makes_it_wider_for_everybody(small: None) -> None:
    generator = np.random.default_rng(8)
    many = generator.standard_normal((300, 128)).astype(np.float32)
    many /= np.linalg.norm(many, axis=1, keepdims=True)
    long = np.eye(1, 128, dtype=np.float32)
    store = AnchorStore(128)
    before = store.change(1, [Block(uuid4(), [uuid4()], one[None]) for one in many], ())

    blocks = [Block(uuid4(), [uuid4()], long)]
    held = store.change(2, blocks, ())

    assert held.grid.reach > before.grid.reach
    assert held.embeddings_of(np.arange(301)) == pytest.approx(
        np.concatenate([many, long]), abs=2e-7
    )
    assert held.person_id(held.nearest(long[0], 1, "best")[0][0]) == blocks[0].person_id


def test_many_alike_hide_nobody_nearer(small: None) -> None:
    generator = np.random.default_rng(9)
    probe = generator.standard_normal(SIZE).astype(np.float32)
    probe /= np.linalg.norm(probe)
    alike = probe + 1e-4 * generator.standard_normal((500, SIZE)).astype(np.float32)
    blocks = [
        Block(uuid4(), [uuid4()], one[None] / np.linalg.norm(one))
        for one in alike.astype(np.float32)
    ]
    held = AnchorStore(SIZE).change(1, blocks, ())

    found = asked(held, probe, "best", 5)

    expected = by_hand(blocks, probe, "best", 5)
    assert [value for _, value in found] == pytest.approx(
        [value for _, value in expected], abs=1e-6
    )


def test_somebody_can_be_left_out(small: None) -> None:
    generator = np.random.default_rng(6)
    blocks = people_like(generator, 400)
    held = AnchorStore(SIZE).change(1, blocks, ())
    place = held.place_of(blocks[9].person_id)
    probe = blocks[9].embeddings[0]

    nearest = held.nearest(probe, 3, "best", besides=place)

    others = [block for block in blocks if block is not blocks[9]]
    expected = [one for one, _ in by_hand(others, probe, "best", 3)]
    assert [held.person_id(one) for one, _ in nearest] == expected


def test_nobody_is_near_where_nobody_is() -> None:
    held = AnchorStore(SIZE).change(1, (), ())

    assert held.nearest(np.ones(SIZE, np.float32), 3, "best") == []
    assert (held.people, held.anchors, held.anchors_a_person, held.typical_anchors) == (0, 0, 1, 1)
