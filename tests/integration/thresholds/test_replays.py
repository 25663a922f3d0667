"""Past attempts are replayed by another threshold."""

from __future__ import annotations

from flask import Flask

from tests.integration.thresholds.past_attempts import attempt, scores, similarity_of, threshold_at
from webapp.core.actor import Actor
from webapp.db.models import Kind
from webapp.inference.active_model import active_model
from webapp.services.thresholds import identification, per_person, replay
from webapp.services.thresholds.identification import IdentificationPolicy


def test_attempts_that_a_threshold_would_decide_differently_are_found(app: Flask, ada) -> None:
    attempt(80, match=True, person_id=ada)
    attempt(60, match=True, person_id=ada)
    attempt(45, match=False)
    attempt(10, match=False)

    stricter = replay.by_threshold(threshold_at(70))
    looser = replay.by_threshold(threshold_at(40))

    assert (stricter.evaluated, scores(stricter)) == (4, [(60, True)])
    assert (stricter.refused, stricter.accepted) == (1, 0)
    assert stricter.changed[0].person.name == "Ada"
    assert (scores(looser), looser.refused, looser.accepted) == ([(45, False)], 0, 1)


def test_an_unknown_claim_is_replayed_as_no_match(app: Flask) -> None:
    attempt(45, match=False, anchors_compared=0)
    assert replay.by_threshold(threshold_at(10)).changed == ()


def test_another_rule_replays_attempts_by_their_stored_similarities(app: Flask) -> None:
    attempt(60, match=True, by_rule={"best": similarity_of(60), "mean": similarity_of(30)})
    attempt(60, match=True)  # from before attempts stored it

    found = replay.by_threshold(threshold_at(40, "mean"))

    assert (found.evaluated, found.unknown, scores(found)) == (1, 1, [(30, True)])


def test_attempts_of_another_model_are_not_judged(app: Flask) -> None:
    attempt(60, match=True, model_id="other-00000000")
    assert replay.by_threshold(threshold_at(90)).evaluated == 0


def test_people_are_judged_by_their_own_thresholds(app: Flask, ada, operator_id) -> None:
    per_person.change(ada, 20, "a twin", Actor(operator_id))
    attempt(75, match=True, person_id=ada)
    attempt(75, match=True)

    found = replay.by_threshold(threshold_at(60))

    assert [one.person.name for one in found.changed] == ["Ada"]
    assert scores(replay.by_points(ada, 30)) == [(75, True)]
    assert replay.by_points(ada, 20).changed == ()


def test_identifications_are_judged_by_rate_and_margin(app: Flask, ada, bob) -> None:
    rows = active_model().gallery.refresh()
    threshold = identification.threshold(rows, IdentificationPolicy(fpir=0.01)).score
    near, far = similarity_of(threshold + 4), similarity_of(threshold - 30)
    facts = {"kind": Kind.IDENTIFY, "threshold": similarity_of(threshold)}
    attempt(threshold + 6, match=True, runner_up=far, **facts)
    attempt(threshold + 6, match=True, runner_up=near, **facts)
    attempt(threshold - 1, match=False, runner_up=far, **facts)

    found = replay.by_search(IdentificationPolicy(fpir=0.01, margin=5))

    assert (found.evaluated, found.refused, found.accepted) == (3, 1, 0)
    assert replay.by_search(IdentificationPolicy(fpir=0.01, margin=0)).changed == ()
    assert replay.by_search(IdentificationPolicy(fpir=0.1, margin=0)).accepted == 1
