"""Verification and identification."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

from sqlalchemy import update

import ml
from tests.support.fake_engine import picture
from tests.support.walking.scenes.registry import scene
from tests.support.walking.scenes.steps import (
    NO_PICTURE,
    forget_failures,
    frame_files,
    full_queue,
    message_of,
    perform,
    picture_errors,
    require_challenges,
    send_frame,
)
from tests.support.walking.walker import Site
from webapp.core.actor import SERVER
from webapp.db.models import ChallengeScope, now
from webapp.db.transactions import unit_of_work
from webapp.messages import CHALLENGE_HINTS, INSTRUCTIONS, PICTURE_PROBLEMS, WAIVER_WORDS
from webapp.services.liveness import challenges as challenge_service
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.challenges import CHALLENGE_LIMITS
from webapp.services.liveness.setting import Liveness
from webapp.services.matching import claimed_identity


@scene
def verifying(site: Site) -> None:
    visitor, operator = site.anybody, site.operator
    visitor.see("/verify")
    visitor.see("/verify?identifier=ada")
    visitor.send("/verify", 200)
    visitor.send("/verify", 200, frame_files(picture()), identifier="person-0")
    site.enrol(pictures=2)
    for code, details in picture_errors():
        bad = picture(error=code, details=details)
        visitor.send("/verify", 200, frame_files(bad), identifier="person-0")
    bursts = (
        (picture(),),
        (picture(), picture(0, 1), picture(0, 2)),
        (picture(), picture(0, 1, reasons=["blurred"])),
        (picture(), picture(0, 1), picture(0, 2, reasons=["blurred"])),
    )
    for reader in (visitor, operator):
        for burst in bursts:
            reader.send("/verify", 200, frame_files(*burst), identifier="person-0")
        reader.send("/verify", 200, frame_files(picture(5)), identifier="person-0")
        reader.send("/verify", 200, frame_files(picture(5)), identifier="nobody")
        for reason in INSTRUCTIONS:
            if reason in PICTURE_PROBLEMS:
                forget_failures()
                bad = picture(5, reasons=[reason])
                reader.send("/verify", 200, frame_files(bad), identifier="person-0")
    visitor.send(
        "/verify", 200, frame_files(*[picture(0, n) for n in range(9)]), identifier="person-0"
    )
    for _ in range(6):
        refused = visitor.post("/verify", frame_files(picture(5)), identifier="person-0")
    again = re.search(r'name="again" value="([^"]+)"', refused.text).group(1)
    visitor.see(f"/verify?again={again}")
    visitor.see(f"/verify?again={uuid4()}")
    visitor.see(f"/verify/result/{uuid4()}", 410)
    visitor.send("/verify", 200, frame_files(picture(5)), identifier="person-0")
    forget_failures()
    with full_queue(site):
        visitor.send("/verify", 200, frame_files(picture()), identifier="person-0")


@scene
def verifying_with_movements(site: Site) -> None:
    site.enrol()
    visitor, operator = site.anybody, site.operator
    for light in (False, True):
        require_challenges(Liveness(ChallengeScope.VERIFICATION, light=light))
        for reader in (visitor, operator):
            reader.see("/verify")
    require_challenges(Liveness(ChallengeScope.VERIFICATION))
    visitor.send("/verify", 200, identifier="person-0")
    visitor.send("/verify", 200, identifier="person-0", challenge="forged")
    for reader in (visitor, operator):
        passed = perform(reader, "person-0")
        reader.send("/verify", 200, identifier="person-0", challenge=passed)
        reader.send("/verify", 200, identifier="person-0", challenge=passed)
        other = perform(reader, "person-0", picture(9))
        reader.send("/verify", 200, identifier="person-0", challenge=other)
    failed = perform(visitor, "person-0", picture(0, failed=True))
    visitor.send("/verify", 200, identifier="person-0", challenge=failed)
    late = perform(visitor, "person-0")
    with unit_of_work() as session:
        over = now() - timedelta(seconds=1)
        session.execute(update(challenge_service.Challenge).values(expires_at=over))
    visitor.send("/verify", 200, identifier="person-0", challenge=late)
    path = "/verify/without-movements"
    operator.see(path)
    operator.send(path, 200, frame_files(picture()), identifier="person-0", waiver="")
    operator.send(path, 200, frame_files(NO_PICTURE), identifier="person-0", waiver="other")
    for waiver in WAIVER_WORDS:
        operator.send(path, 200, frame_files(picture()), identifier="person-0", waiver=waiver)
    operator.see("/attempts/movements")
    require_challenges(Liveness())
    operator.see(path)


@scene
def before_the_camera(site: Site) -> None:
    """The texts for scripts, as JSON."""
    site.enrol()
    require_challenges(Liveness(ChallengeScope.ENROLMENT))
    visitor = site.operator
    for purpose in ("guide", "picture"):
        frames = [picture(reasons=[reason]) for reason in INSTRUCTIONS if reason != "good"]
        frames += [picture(error=code, details=facts) for code, facts in picture_errors()]
        frames += [picture(faces=0), picture(faces=0, dark=True), picture(faces=2, rivals=1)]
        for frame in frames:
            answer = visitor.post("/camera/check", {"frame": [frame]}, purpose=purpose)
            message_of(answer, 200, words=not (purpose == "picture" and answer.json["ok"]))
    message_of(visitor.post("/challenges", identifier=""), 422)
    for movement in ml.STEPS:
        allowed = (movement, next(step for step in ml.STEPS if step != movement))
        require_challenges(Liveness(ChallengeScope.ENROLMENT, allowed=allowed))
        perform(visitor, "person-0")
    begun = message_of(visitor.post("/challenges", identifier="person-0"), 200)
    hints = [*CHALLENGE_HINTS, *INSTRUCTIONS]
    for number, hint in enumerate(hints, 1):
        with patch.object(
            challenge_service, "CHALLENGE_LIMITS", replace(CHALLENGE_LIMITS, frames=999)
        ):
            seen = send_frame(visitor, begun["challenge"], number, picture(hint=hint))
        assert seen["hint"] == hint
    out_of_order = {"challenge": begun["challenge"], "number": "999"}
    message_of(visitor.post("/challenges/frames", {"frame": [picture()]}, **out_of_order), 409)
    forged = {"challenge": "forged", "number": "1"}
    message_of(visitor.post("/challenges/frames", {"frame": [picture()]}, **forged), 404)
    with unit_of_work() as session:
        over = now() - timedelta(seconds=1)
        session.execute(update(challenge_service.Challenge).values(expires_at=over))
    late = {"challenge": begun["challenge"], "number": str(len(hints) + 1)}
    message_of(visitor.post("/challenges/frames", {"frame": [picture()]}, **late), 410)
    for _ in range(11):
        with unit_of_work() as session:
            digest = claimed_identity.claim_digest("person-0")
            claimed_identity.count_failure(session, digest, None, liveness.in_force(), SERVER)
    message_of(visitor.post("/challenges", identifier="person-0"), 429)
    require_challenges(Liveness())
    message_of(visitor.post("/challenges", identifier="person-1"), 409)


@scene
def identifying(site: Site) -> None:
    operator = site.operator
    operator.see("/identify")
    operator.send("/identify", 200)
    operator.send("/identify", 200, frame_files(picture()))
    for person in range(3):
        site.enrol(person)
    operator.send("/identify", 200, frame_files(NO_PICTURE))
    operator.see(f"/identify/result/{uuid4()}", 410)
    for frames in (
        (picture(),),
        (picture(), picture(0, 1)),
        (picture(7),),
        (picture(7, reasons=["too_dark"]),),
        (picture(0, reasons=["blurred"]), picture(0, 1)),
    ):
        operator.send("/identify", 200, frame_files(*frames))
    site.enrol(8, like=0)
    operator.send("/identify", 200, frame_files(picture(9, like=0)))
    operator.send("/identify", 200, frame_files(picture(0)))
