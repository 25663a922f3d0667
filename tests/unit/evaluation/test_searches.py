"""Several anchors, galleries and hardest pairs, on embeddings small enough to check by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml import load_artifact, load_calibration
from ml.error_rates import Trials
from ml.lab.evaluation.embed import Embedded
from ml.lab.evaluation.measures.anchors import DRAWS
from ml.lab.evaluation.measures.identification import measure_identification, search, searchable
from ml.lab.evaluation.measures.impostors import REFUSED, Side, compare_strangers
from ml.lab.evaluation.measures.several_anchors import enrollable, measure_anchors, split_trials
from ml.lab.evaluation.protocols.distractors import are_strangers
from ml.lab.evaluation.protocols.pairs import score_pairs
from ml.lab.evaluation.protocols.photos import Pairs, Photos
from ml.lab.evaluation.reports.false_rejections import false_rejections
from ml.lab.evaluation.reports.hardest_pairs import hardest_genuine, hardest_impostors
from ml.matching import match_rules
from ml.normalisation import PLAIN_COSINE


def embedded(directions: np.ndarray, person: np.ndarray, usable: np.ndarray) -> Embedded:
    """Return photos with embeddings in given directions of the plane, in degrees."""
    angles = np.radians(directions)
    view = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    names = tuple(f"person {one}" for one in range(int(person.max()) + 1))
    paths = tuple(Path(f"{row}.jpg") for row in range(len(person)))
    photos = Photos(paths, person, names)
    landmarks = np.zeros((len(person), 5, 2), np.float32)
    failures = tuple((path, "no_face") for path, ok in zip(paths, usable, strict=True) if not ok)
    return Embedded(photos, usable, view, view, landmarks, failures)


@pytest.fixture
def tidy() -> Embedded:
    """Return four people far apart, with eight photos each within 4°; the last has no face."""
    person = np.repeat(np.arange(4), 8)
    directions = person * 90 + np.tile(np.linspace(-2, 2, 8), 4)
    usable = np.ones(32, bool)
    usable[-1] = False
    return embedded(directions, person, usable)


def test_people_far_apart_are_refused_only_without_a_face(tidy):
    results = measure_anchors(tidy, mirrored=False)
    assert [(row.anchors, row.rule) for row in results if row.anchors == 5] == [
        (5, rule) for rule in match_rules
    ]
    for row in results:
        tries = 3 * (8 - row.anchors) + (7 - row.anchors) + 1
        assert row.frr.value == pytest.approx(1 / tries)
        assert row.threshold < np.cos(np.radians(4))


def test_with_one_anchor_all_rules_are_equal(tidy):
    assert sum(row.anchors == 1 for row in measure_anchors(tidy, mirrored=False)) == 1


def test_only_the_rules_asked_for_are_measured(tidy):
    assert {row.rule for row in measure_anchors(tidy, mirrored=False, rules=("mean",))} == {"mean"}


def test_a_photo_of_somebody_else_is_missed_in_every_draw(tidy):
    directions = np.repeat(np.arange(4), 8) * 90 + np.tile(np.linspace(-2, 2, 8), 4)
    directions[5] += 40
    mislabelled = embedded(directions, tidy.photos.person, tidy.usable)
    threshold = float(np.cos(np.radians(10)))
    (missed,) = false_rejections(mislabelled, threshold, mirrored=False)
    assert (missed.photo, missed.nearest) == (5, 7)
    assert (missed.refused, missed.weight) == (1.0, 1.0)
    assert missed.similarity == pytest.approx(np.cos(np.radians(directions[5] - directions[7])))


def test_photos_without_a_face_are_not_called_missed(tidy):
    assert false_rejections(tidy, 0.9, mirrored=False) == []


def test_without_a_person_with_six_photos_there_is_no_table(tidy):
    few = tidy.photos.person < 0
    few[::2] = True
    photos = Photos(
        tuple(np.array(tidy.photos.paths, object)[few]), tidy.photos.person[few], tidy.photos.names
    )
    smaller = Embedded(
        photos, tidy.usable[few], tidy.single[few], tidy.mirrored[few], tidy.landmarks[few], ()
    )
    assert enrollable(smaller) == 0
    assert measure_anchors(smaller, mirrored=False) == []


def test_trials_between_two_people_are_as_many_as_were_made():
    probe = np.array([0, 0, 1, 2, 2, 2, 0, 0, 1, 2, 2, 2])
    anchor = np.array([0] * 6 + [1] * 6)
    similarity = np.linspace(0, 1, 12, dtype=np.float32)
    genuine, impostor = split_trials(Trials(similarity, probe, anchor), people=3)
    assert genuine.person.tolist() == [1, 0, 0]
    for first, second, trials in ((0, 1, 1), (1, 0, 2), (0, 2, 3), (1, 2, 3), (2, 0, 0)):
        assert impostor.sides[0, first] * impostor.sides[1, second] == trials
    assert impostor.weigh(np.ones(3, np.float32))[1] == 9


def test_searches_find_enrolled_people_and_count_photos_without_a_face(tidy):
    distractors = PLAIN_COSINE(np.array([[np.cos(0.8), np.sin(0.8)]], np.float32))
    found = search(tidy, distractors, False, 1, 3, np.random.default_rng(0))
    enrolled = set(found.enrolled.tolist())
    assert len(enrolled) == 2
    assert set(found.stranger.tolist()) == set(range(4)) - enrolled
    assert len(found.hit) + len(found.top) == 32 - 2
    assert ((found.hit > 0.99) | (found.hit == REFUSED)).all()
    assert (found.hit == REFUSED).sum() == (3 in enrolled)
    assert found.top.max() < 0.8


def test_galleries_are_as_large_as_there_are_people(tidy):
    distractors = PLAIN_COSINE(np.tile(np.array([[-0.7, -0.7]], np.float32), (200, 1)))
    results = measure_identification(tidy, distractors, None, mirrored=False)
    assert [(row.people, row.anchors) for row in results] == [
        (size, anchors) for anchors in (1, 3) for size in (100, 202)
    ]
    for row in results:
        assert row.enrolled_searches + row.stranger_searches == DRAWS * (32 - 2 * row.anchors)
        assert row.fnir.value == pytest.approx(row.rank_one_missed)


def test_the_models_own_threshold_is_judged_for_galleries_of_one_anchor(tidy):
    shipped = load_calibration(load_artifact("open").folder, load_artifact("open").model_id)
    high = tuple(replace(point, threshold=point.threshold + 0.9) for point in shipped.searches)
    calibration = replace(shipped, searches=high)
    distractors = PLAIN_COSINE(np.tile(np.array([[-0.7, -0.7]], np.float32), (98, 1)))
    single, several = measure_identification(tidy, distractors, calibration, mirrored=False)
    assert several.as_calibrated is None
    # Cosines: strangers are at right angles, photos of a person within 4°.
    assert single.as_calibrated == pytest.approx((0.0, single.rank_one_missed))


def test_one_stranger_is_known_not_to_be_one():
    paths = (Path("a.jpg"), Path("b.jpg"))
    photos = Photos(paths, np.array([0, 1]), ("Noel_Niell", "Somebody_Else"))
    assert are_strangers(photos).tolist() == [False, True]


def test_a_person_nearer_to_another_is_not_found():
    person = np.repeat(np.arange(4), 2)
    directions = np.array([0, 40, 90, 90, 180, 180, 270, 270])
    crowd = embedded(directions, person, np.ones(8, bool))
    distractors = embedded(np.array([20]), np.array([0]), np.ones(1, bool)).view(False)
    draws = [
        search(crowd, distractors, False, 1, 3, np.random.default_rng(seed)) for seed in range(9)
    ]
    for found in draws:
        np.testing.assert_array_equal(found.hit == REFUSED, found.enrolled == 0)
    assert any((found.enrolled == 0).any() for found in draws)


def test_a_person_with_too_few_photos_is_not_enrolled(tidy):
    assert searchable(tidy, 7).tolist() == [0, 1, 2]


def test_the_worst_pairs_are_one_for_each_two_people():
    person = np.array([0, 0, 0, 1, 1, 2])
    crowd = embedded(np.array([0, 30, 60, 61, 62, 180]), person, np.ones(6, bool))
    a, b = np.triu_indices(6, k=1)
    pairs = Pairs(crowd.photos, a, b, person[a] == person[b], np.zeros(len(a), int))
    scores = score_pairs(pairs, crowd, mirrored=False)
    assert [(pair.a, pair.b) for pair in hardest_genuine(scores)] == [(0, 2), (3, 4)]
    compared = compare_strangers(Side(crowd.view(False), crowd.usable), person)
    worst = hardest_impostors(compared, person, most=2)
    assert [(pair.a, pair.b) for pair in worst] == [(2, 3), (4, 5)]
    assert worst[0].similarity == pytest.approx(np.cos(np.radians(1)))
