"""An unknown identifier is scored against decoys."""

from __future__ import annotations

import numpy as np
from flask import Flask

from webapp.core.actor import SERVER, Actor
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.matching.decoys import decoy_similarity
from webapp.services.matching.probe import probe_from
from webapp.services.matching.verification import verify
from webapp.services.people import people as people_service
from webapp.services.thresholds import verification


def test_an_unknown_claim_never_matches_and_always_scores_the_same(app: Flask, people, ada) -> None:
    first = verify("nobody", [people[0].photos[2]], SERVER)
    again = verify("nobody", [people[0].photos[2]], SERVER)

    assert not first.match
    assert first.similarity == again.similarity
    assert first.score < first.threshold_score


def test_an_unknown_claim_scores_the_same_after_enrolments_and_deletions(
    app: Flask, people, known_faces, ada, bob, operator_id
) -> None:
    def scores() -> list[float]:
        decisions = [verify(f"nobody {n}", [people[0].photos[2]], SERVER) for n in range(4)]
        return [decision.similarity for decision in decisions]

    before = scores()
    for number in range(3):
        store.enrol(NewPerson(f"new {number}", "New", True), known_faces[1][:1], SERVER)
    people_service.delete_person(bob, SERVER)
    verification.change(60, "stricter", Actor(operator_id))

    assert scores() == before


def test_an_unknown_claim_never_reaches_the_threshold(app: Flask, people, ada, bob) -> None:
    threshold = verification.in_force()
    frames = probe_from([people[0].photos[2]], SERVER).frames

    drawn = [decoy_similarity(f"nobody {n}", frames, threshold) for n in range(2000)]

    assert max(drawn) < threshold.similarity
    assert len(set(drawn)) > 1000


def test_similar_probes_get_similar_decoy_scores(app: Flask, people, known_faces, ada, bob) -> None:
    threshold = verification.in_force()
    same = [probe_from([photo], SERVER).frames for photo in people[2].photos[:2]]
    other = known_faces[0][0].embedding[None]

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        names = [f"nobody {n}" for n in range(300)]
        scores = [[decoy_similarity(name, probe, threshold) for name in names] for probe in (a, b)]
        return float(np.abs(np.subtract(*scores)).mean())

    assert 0 < apart(*same) < apart(same[0], other)
