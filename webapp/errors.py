"""Why a service cannot do what was asked: one type a reason, each with a stable code.

`webapp.messages` turns the codes into words. Reasons against a picture are `ml.FaceError`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

COME_AGAIN_AFTER = timedelta(seconds=2)  # when what is in the way may be gone


class ServiceError(Exception):
    """Something cannot be done: `code` names the reason."""

    code = "failed"

    def __init__(self) -> None:
        super().__init__(self.code)


class DuplicateIdentifier(ServiceError):
    """Somebody with this identifier is enrolled already."""

    code = "duplicate_identifier"


class UnknownPerson(ServiceError):
    """No such person, or no longer."""

    code = "unknown_person"


class UnknownAnchor(ServiceError):
    """No such anchor, or no longer."""

    code = "unknown_anchor"


class UnknownAttempt(ServiceError):
    """No such attempt, or no longer."""

    code = "unknown_attempt"


class LastAnchor(ServiceError):
    """A person keeps at least one anchor in use; without any, the person is to be deleted."""

    code = "last_anchor"


class PictureNotComparable(ServiceError):
    """The model that serves found no face in a picture, so that it has no embedding."""

    code = "picture_not_comparable"


class TooManyAnchors(ServiceError):
    """The person has as many anchors as are allowed."""

    code = "too_many_anchors"


class ModelChangedMeanwhile(ServiceError):
    """Another model serves by now than the one that the work was done with."""

    code = "model_changed_meanwhile"


class PicturesNotEmbedded(ServiceError):
    """A model cannot serve: pictures in use have no embedding by it."""

    code = "pictures_not_embedded"


class PicturesUnusable(ServiceError):
    """A model cannot serve: it finds no face in some of the pictures in use."""

    code = "pictures_unusable"


class NobodyEnrolled(ServiceError):
    """There is nobody to compare with."""

    code = "nobody_enrolled"


class ConsentMissing(ServiceError):
    """Nothing is stored without the person's consent."""

    code = "consent_missing"


class ThresholdOutOfRange(ServiceError):
    """A threshold is a score from 0 to 100."""

    code = "threshold_out_of_range"


class ThresholdChangedMeanwhile(ServiceError):
    """Somebody else set another threshold since the one that a change is based on."""

    code = "threshold_changed_meanwhile"


class RuleNotMeasured(ServiceError):
    """The calibration of the model knows nothing of the matching rule."""

    code = "rule_not_measured"


class PersonThresholdTooLow(ServiceError):
    """A person's threshold would let too many strangers pass; `details` name the lowest points."""

    code = "person_threshold_too_low"

    def __init__(self, lowest: float) -> None:
        super().__init__()
        self.details: Mapping[str, float] = {"lowest": lowest}


class PointsOutOfRange(ServiceError):
    """The distance of a person's threshold is a number, and `details` name the most points."""

    code = "points_out_of_range"

    def __init__(self, most: float) -> None:
        super().__init__()
        self.details: Mapping[str, float] = {"most": most}


@dataclass(frozen=True)
class Danger:
    """Why a setting is dangerous: a code, and the share of attempts that it costs, 0 to 1."""

    code: str
    share: float | None = None


class ConfirmationNeeded(ServiceError):
    """The setting is dangerous and was not confirmed; `dangers` say why."""

    code = "confirmation_needed"

    def __init__(self, dangers: tuple[Danger, ...]) -> None:
        super().__init__()
        self.dangers = dangers


class LicenceNotAccepted(ServiceError):
    """The model is not free for every use, and nobody acknowledged its licence."""

    code = "licence_not_accepted"

    def __init__(self, licence: str) -> None:
        super().__init__()
        self.details: Mapping[str, object] = {"licence": licence}


class SearchOutOfRange(ServiceError):
    """How a search decides is a rate and a margin within their bounds."""

    code = "search_out_of_range"


class MovementsTooFew(ServiceError):
    """A challenge is drawn from some movements; `details` name the fewest."""

    code = "movements_too_few"

    def __init__(self, fewest: int) -> None:
        super().__init__()
        self.details: Mapping[str, object] = {"fewest": fewest}


class StrengthUnknown(ServiceError):
    """There is no challenge of this strength."""

    code = "strength_unknown"


class ChallengeNeeded(ServiceError):
    """Pictures alone do not do: whoever is before the camera shows that they are there."""

    code = "challenge_needed"


class ChallengeNotAsked(ServiceError):
    """No challenge is asked for before this."""

    code = "challenge_not_asked"


class ChallengeUnknown(ServiceError):
    """There is no such challenge for this session and claim, or no longer."""

    code = "challenge_unknown"


class ChallengeOver(ServiceError):
    """The challenge took too long, or too many frames."""

    code = "challenge_over"


class ChallengeFailed(ServiceError):
    """What the frames showed is not what was asked for; which cue says so is not told."""

    code = "challenge_failed"


class FrameOutOfOrder(ServiceError):
    """Frames are numbered from 1 without gaps; `details` name the number expected."""

    code = "frame_out_of_order"

    def __init__(self, expected: int) -> None:
        super().__init__()
        self.details: Mapping[str, object] = {"expected": expected}


class ResultOver(ServiceError):
    """A result is shown for minutes, and to the session that asked for it alone."""

    code = "result_over"


class LabelUnknown(ServiceError):
    """There is no such label for what stood before the camera."""

    code = "label_unknown"


class WaiverUnexplained(ServiceError):
    """A challenge is waived for one of the reasons that are known."""

    code = "waiver_unexplained"


class AnotherFace(ServiceError):
    """Pictures do not show who passed the challenge; `details` count from 1 which they are."""

    code = "another_face"

    def __init__(self, pictures: str) -> None:
        super().__init__()
        self.details: Mapping[str, object] = {"pictures": pictures}


class BackupImpossible(ServiceError):
    """No backup can be made or put back so; the text says why."""

    code = "backup_impossible"

    def __init__(self, why: str) -> None:
        Exception.__init__(self, why)


class BackupOlder(BackupImpossible):
    """The key ring holds people who are not in a backup; `people` says how many."""

    def __init__(self, people: int) -> None:
        super().__init__(
            f"{people} people on the key ring are not in this backup; after this no backup opens "
            "for them. Is there a newer backup? Otherwise go on with: --without-newer"
        )
        self.people = people


class BackupBroken(ServiceError):
    """A backup or key ring cannot be read; the text says why."""

    code = "backup_broken"

    def __init__(self, why: str) -> None:
        Exception.__init__(self, why)


class KeyRingBehind(ServiceError):
    """The key ring could not be written after a change; the text says why, and what to do."""

    code = "key_ring_behind"

    def __init__(self, file: Path, why: str) -> None:
        Exception.__init__(
            self,
            f"the database is changed, but the key ring {file} could not be written ({why}): it "
            "still holds the keys of whoever was deleted since, and opens with the master key of "
            "its day. Give its disk room and let this user write into its folder; a server that "
            "runs then writes it by itself, and so does every start",
        )


class CopyImpossible(ServiceError):
    """A database cannot be copied so; the text says why."""

    code = "copy_impossible"

    def __init__(self, why: str) -> None:
        Exception.__init__(self, why)


class VectorsImpossible(ServiceError):
    """The database cannot compare embeddings; the text says why, and what to do."""

    code = "vectors_impossible"

    def __init__(self, why: str) -> None:
        Exception.__init__(self, why)


class MustWait(ServiceError):
    """There were too many failures in a row; `details` say how many seconds to wait."""

    code = "must_wait"

    def __init__(self, left: timedelta) -> None:
        super().__init__()
        self.details: Mapping[str, int] = {"seconds": math.ceil(left.total_seconds())}


class Busy(MustWait):
    """More faces are to be looked at than this machine can; `details` say when to come again."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__(COME_AGAIN_AFTER)


class GalleryWarming(MustWait):
    """Who is enrolled is still being read after a start; `details` say when to come again."""

    code = "gallery_warming"

    def __init__(self, seconds: int) -> None:
        super().__init__(timedelta(seconds=seconds))


class FaceDisabled(ServiceError):
    """There were so many failures in a row that an administrator has to act."""

    code = "face_disabled"


class PasswordTooCommon(ServiceError):
    """The password is one of those that are tried first."""

    code = "password_too_common"


class WrongCode(ServiceError):
    """The code of the second factor is wrong, used before, or too old."""

    code = "wrong_code"


class SignInOver(ServiceError):
    """A sign-in that waited for its code took too long, or its account changed since."""

    code = "sign_in_over"


class WrongCredentials(ServiceError):
    """No account of that name with that password, whichever of the two is wrong."""

    code = "wrong_credentials"


class WrongPresentPassword(WrongCredentials):
    """Whoever is signed in does not know the password."""

    code = "wrong_present_password"


class DuplicateUsername(ServiceError):
    """An account of that name exists already."""

    code = "duplicate_username"


class LastAdministrator(ServiceError):
    """There is an administrator at any time, once there was one."""

    code = "last_administrator"


class SetupFinished(ServiceError):
    """The first account exists: the set-up link has done its work."""

    code = "setup_finished"


class WrongSetupLink(ServiceError):
    """The set-up link is not the newest one, or too old."""

    code = "wrong_setup_link"


@dataclass(frozen=True)
class PictureProblem:
    """What is wrong with, or doubtful about, one of the pictures that were sent together.

    `place` counts from 0; `details` are facts for the words of the code.
    """

    place: int
    code: str
    details: Mapping[str, object]


class PicturesNotTaken(ServiceError):
    """Pictures are not taken as they are; `problems` say which, and why."""

    def __init__(self, problems: tuple[PictureProblem, ...]) -> None:
        super().__init__()
        self.problems = problems


class PicturesRefused(PicturesNotTaken):
    """Some of the pictures cannot be used."""

    code = "pictures_refused"


class NoPictureUsable(PicturesNotTaken):
    """Of several pictures of one request too few can be used; the code is the first one's."""

    def __init__(self, problems: tuple[PictureProblem, ...]) -> None:
        super().__init__(problems)
        self.code = problems[0].code
        self.details = problems[0].details


class PicturesDoubtful(PicturesNotTaken):
    """There are doubts about some of the pictures, and nobody accepted them."""

    code = "pictures_doubtful"


class KeyMissing(ServiceError):
    """The API is opened by a key, and none was sent."""

    code = "key_missing"


class KeyUnknown(ServiceError):
    """There is no such key to the API."""

    code = "key_unknown"


class KeyExpired(ServiceError):
    """The key to the API is past its time."""

    code = "key_expired"


class KeyRevoked(ServiceError):
    """The key to the API was revoked."""

    code = "key_revoked"


class ScopeMissing(ServiceError):
    """The key to the API does not open this."""

    code = "scope_missing"


class ScopesMissing(ServiceError):
    """A key to the API opens something."""

    code = "scopes_missing"


class LimitUnreadable(ServiceError):
    """A limit is a number of requests in a time, as in "120 per minute"."""

    code = "limit_unreadable"


class LimitReached(MustWait):
    """The key to the API made as many requests as it may; `details` say how long to wait."""

    code = "limit_reached"


class NetworkLimitReached(MustWait):
    """A network of clients used what it may in this minute; `details` say how long to wait."""

    code = "network_limit_reached"


class RequestDiffers(ServiceError):
    """The idempotency key was used before, for another request."""

    code = "request_differs"


class AnsweredElsewhere(ServiceError):
    """The request with this idempotency key is at work right now."""

    code = "answered_elsewhere"


class CursorBroken(ServiceError):
    """A cursor is given back as it was handed out, for the same list."""

    code = "cursor_broken"


class InvalidRequest(ServiceError):
    """A request is not of the form that it should have; `errors` name the places."""

    code = "invalid_request"

    def __init__(self, errors: Mapping[str, object]) -> None:
        super().__init__()
        self.errors = errors


class MalformedJson(ServiceError):
    """The body is no JSON."""

    code = "malformed_json"
