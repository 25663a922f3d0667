"""Calibrations: rates, scores and files."""

from __future__ import annotations

import json
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.artifacts import load_artifact
from ml.calibration.file import FILE, load_calibration
from ml.errors import ModelBroken
from ml.lab.calibration.measure import SHARING_A_PHOTO, _score_map
from ml.matching import match_rules
from tests.unit.ml.shipped_calibration import drawn_curve, shipped

OPEN = shipped("open")


def test_threshold_at_far_between_measured_ones_follows_log_far():
    measured = drawn_curve([0.5, 0.6, 0.7], [1e-1, 1e-2, 1e-3])
    assert measured.threshold_at_far(1e-2) == pytest.approx(0.6)
    assert measured.threshold_at_far(10**-2.5) == pytest.approx(0.65)


def test_a_far_below_every_measured_one_gives_the_highest_threshold():
    assert drawn_curve([0.5, 0.6, 0.7], [1e-1, 1e-2, 0.0]).threshold_at_far(1e-9) == pytest.approx(
        0.6
    )


def test_rates_are_interpolated():
    rates = drawn_curve([0.5, 0.7], [0.2, 0.1]).rates_at(0.6)
    assert rates["far"] == pytest.approx(0.15)
    assert rates["far_high"] == pytest.approx(0.3)


@given(st.floats(0, 100))
def test_score_and_similarity_are_inverse(score):
    assert OPEN.score(OPEN.similarity(score)) == pytest.approx(score, abs=1e-6)


def test_score_never_falls_as_similarity_rises(calibration):
    scores = [calibration.score(value) for value in np.linspace(-1, 1, 2001)]
    assert np.all(np.diff(scores) >= 0)
    assert (scores[0], scores[-1]) == (0, 100)


def test_fifteen_points_are_ten_times_fewer_strangers():
    impostor = np.random.default_rng(0).normal(0.8, 0.03, 200_000).clip(-1, 0.99)
    table = _score_map(impostor, highest=1.0)
    at = dict(zip(table["score"], table["similarity"], strict=True))
    assert np.mean(impostor >= at[50.0]) == pytest.approx(1e-3, rel=0.02)
    assert np.mean(impostor >= at[35.0]) == pytest.approx(1e-2, rel=0.02)


def test_default_threshold_holds_its_far_on_the_calibration_people(calibration):
    rates = calibration.pairs.rates_at(calibration.default_threshold)
    assert rates["far"] == pytest.approx(calibration.default_far, rel=0.1)
    assert rates["far_low"] < calibration.default_far < rates["far_high"]


def test_no_impostor_trial_is_between_identities_known_to_share_a_photo(calibration):
    left_out = calibration.made_from["identities_sharing_a_photo"]
    assert [tuple(pair) for pair in left_out] == list(SHARING_A_PHOTO)


@pytest.mark.parametrize(("far", "score"), [("1e-2", 35), ("1e-3", 50), ("1e-4", 65)])
def test_other_strangers_lie_where_the_calibrations_do(calibration, far, score):
    """All impostor pairs of LFW reach a FAR little above the calibration's similarity for it.

    LFW consists mostly of one group, whose strangers are more alike than those of several groups.
    """
    name = calibration.model_id.rpartition("-")[0]
    lfw = load_artifact(name).metrics()["lfw_view2"]["all_impostor_pairs"]
    assert calibration.score(lfw[f"tar_at_far_{far}"]["threshold"]) == pytest.approx(
        score + 4, abs=4
    )


def test_every_curve_supports_the_rate_of_its_pairs_of_people(calibration):
    """All known people and strangers are in every curve, so all curves support the same FAR."""
    pairs = comb(100, 2) - len(SHARING_A_PHOTO) + 100 * 1468
    curves = [curve for by_anchors in calibration.curves.values() for curve in by_anchors.values()]
    for curve in (calibration.pairs, *curves):
        assert curve.far_supported == pytest.approx(3 / pairs, rel=0.02)


def test_every_rule_is_calibrated_for_several_numbers_of_anchors(calibration):
    assert set(calibration.curves) == set(match_rules)
    for by_anchors in calibration.curves.values():
        assert sorted(by_anchors) == [1, 3, 5]


def test_more_anchors_refuse_fewer_genuine_tries(calibration):
    frr = [
        calibration.curve("best", k).rates_at(calibration.threshold_at_far(1e-3, anchors=k))["frr"]
        for k in (1, 3, 5)
    ]
    assert frr[0] > frr[1] > frr[2]


@pytest.mark.parametrize("rule", ["best", "top"])
def test_every_picture_more_is_a_chance_more_for_strangers(calibration, rule):
    """`top` is the mean of up to three, so FAR grows from the fourth anchor on."""
    first = 1 if rule == "best" else 3
    for far in (0.05, 1e-2, 1e-3, 1e-4):
        at = calibration.pairs.threshold_at_far(far)
        shares = [calibration.curve(rule, n).rates_at(at)["far"] for n in range(first, 31)]
        assert np.diff(shares).min() > 0
        proportional = np.array(shares[5 - first :]) / np.arange(5, 31)
        assert np.diff(proportional).max() <= 1e-12


@pytest.mark.parametrize(
    ("anchors", "times"), [(2, 1.76), (4, 2.95), (8, 4.76), (10, 5.31)], ids=str
)
def test_strangers_with_numbers_that_were_not_measured_are_a_little_too_many(anchors, times):
    """The expected FAR is an independent count of `compact`'s trials, relative to one anchor."""
    compact = shipped("compact")
    at = compact.threshold_at_far(1e-3)
    found = compact.curve("best", anchors).rates_at(at)["far"] / 1e-3
    assert 0.99 * times < found < 1.25 * times


def test_the_mean_keeps_the_last_measured_curve(calibration):
    assert calibration.curve("mean", 12) is calibration.curve("mean", 5)


def test_a_threshold_of_the_plain_cosine_keeps_its_fmr(calibration):
    cosines, far = calibration.former[""]
    for target in (1e-2, 1e-3, 1e-4):
        before = float(np.interp(-target, -far, cosines))
        after = calibration.carried_over(before, "")
        assert calibration.pairs.rates_at(after)["far"] == pytest.approx(target, rel=0.15)


def test_a_threshold_of_the_same_normaliser_stays(calibration):
    assert calibration.carried_over(0.1234, calibration.normaliser.digest) == 0.1234


def test_a_threshold_of_an_unknown_normaliser_becomes_the_default(calibration):
    assert calibration.carried_over(0.1234, "unknown") == calibration.default_threshold
    assert calibration.score_by(0.1234, "unknown") is None


def test_one_photo_twice_scores_high(calibration):
    """Tried with the centres of the cohort, which are nearer to strangers than any real face."""
    faces = calibration.normaliser(calibration.normaliser.centres)
    scores = [calibration.score(one) for one in faces.paired(faces).tolist()]
    assert np.median(scores) > 80
    assert np.quantile(scores, 0.1) > 70


def test_rates_of_any_number_of_pictures_fall_and_rise_with_the_threshold(calibration):
    for rule in match_rules:
        for anchors in (2, 4, 10, 30):
            curve = calibration.curve(rule, anchors)
            assert curve.anchors in (anchors, 5)
            assert np.diff(curve.far).max() <= 0 <= np.diff(curve.frr).min()
            assert (curve.far_low <= curve.far).all()
            assert (curve.far <= curve.far_high).all()
            assert curve.far_high.max() <= 1


def test_refusals_do_not_grow_with_pictures_by_the_best_one(calibration):
    at = calibration.default_threshold
    shares = [calibration.curve("best", n).rates_at(at)["frr"] for n in range(1, 31)]
    assert np.diff(shares).max() <= 1e-12
    assert shares[0] > shares[1] > shares[2]


@pytest.mark.parametrize("content", ["", "{}", '{"model_id": 3'])
def test_a_damaged_calibration_names_the_command_that_makes_it(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(ModelBroken, match="ml calibrate"):
        load_calibration(tmp_path, "any")


def test_a_missing_calibration_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(ModelBroken, match="is missing"):
        load_calibration(tmp_path, "any")


def test_another_models_file_is_refused(tmp_path):
    table = json.loads((load_artifact("open").folder / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(table))
    with pytest.raises(ModelBroken, match="is of model open-"):
        load_calibration(tmp_path, "other-00000000")
