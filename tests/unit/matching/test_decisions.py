from __future__ import annotations

from uuid import uuid4

import pytest

from webapp.services.matching.decision import AnchorScore, MatchDecision, PersonLabel
from webapp.services.thresholds.verification import Threshold


def decision(score: float, *, match: bool) -> MatchDecision:
    person = PersonLabel(uuid4(), "ada", "Ada")
    return MatchDecision(
        match=match,
        similarity=0.95,
        score=score,
        threshold=Threshold(0.94, 50.0, "best"),
        milliseconds=80.0,
        compared=1,
        person=person,
        anchors=(AnchorScore(person, uuid4(), score),),
        reasons=(),
        notes=("unknown_person", "poor_quality"),
    )


def test_everyone_sees_neither_anchors_nor_whether_the_person_exists() -> None:
    public = decision(49.9, match=False).redacted()

    assert public.person is None
    assert public.anchors == ()
    assert public.compared == 0
    assert public.notes == ("poor_quality",)


@pytest.mark.parametrize(("score", "match", "shown"), [(49.9, False, 49), (50.1, True, 51)])
def test_everyone_sees_whole_scores_on_the_decisions_side(
    score: float, match: bool, shown: float
) -> None:
    public = decision(score, match=match).redacted()

    assert public.score == shown
    assert public.match is match
