"""A drawn challenge: encrypted in its row, and converted to a result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID

import ml
from webapp.crypto.vault import Place
from webapp.db.key_store import key_store
from webapp.db.models import Challenge, Outcome, Purpose, now
from webapp.services.liveness.results import Result

# Reason of a challenge that failed without being judged.
NOT_FINISHED = "not_finished"


@dataclass(frozen=True)
class DrawnChallenge:
    """The movements of a challenge, and the claimed identifier."""

    identifier: str
    challenge: ml.Challenge

    def sealed(self, challenge_id: UUID) -> bytes:
        """Return the challenge, encrypted for its row."""
        text = json.dumps({"identifier": self.identifier, "challenge": self.challenge.to_dict()})
        return key_store().secrets.seal(text.encode(), _drawn_place(challenge_id))

    @classmethod
    def of(cls, row: Challenge) -> DrawnChallenge:
        """Return the challenge of a row."""
        opened = json.loads(key_store().secrets.open(row.drawn, _drawn_place(row.id)))
        return cls(opened["identifier"], ml.Challenge.from_dict(opened["challenge"]))


def result_of(
    row: Challenge,
    drawn: DrawnChallenge,
    outcome: Outcome,
    reasons: tuple[str, ...],
    cues: dict[str, float],
) -> Result:
    """Return the result that is recorded of an ended challenge."""
    return Result(
        purpose=Purpose(row.purpose),
        outcome=outcome,
        strength=drawn.challenge.strength,
        steps=tuple(step.kind for step in drawn.challenge.steps),
        reasons=reasons,
        cues=cues,
        frames=row.frames,
        seconds=round((min(now(), row.expires_at) - row.created_at).total_seconds(), 3),
    )


def _drawn_place(challenge_id: UUID) -> Place:
    return Place("challenge", challenge_id, "drawn")
