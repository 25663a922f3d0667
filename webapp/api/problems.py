"""Errors of the API as problem details (RFC 9457), with the codes and texts of the pages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from http import HTTPStatus

from flask import Response, g, request

from ml import FaceError
from webapp.db.engine import db
from webapp.db.models import ApiKey, Scope
from webapp.errors.api import (
    ContentCompressed,
    CursorBroken,
    InvalidRequest,
    KeyExpired,
    KeyMissing,
    KeyRevoked,
    KeyUnknown,
    MalformedJson,
    RequestInProgress,
    ScopeMissing,
)
from webapp.errors.base import ServiceError
from webapp.errors.liveness import (
    ChallengeNeeded,
    ChallengeNotAsked,
    ChallengeOver,
    ChallengeUnknown,
    FrameOutOfOrder,
)
from webapp.errors.matching import (
    RETRY_AFTER,
    FaceDisabled,
    GalleryLoading,
    MustWait,
    NobodyEnrolled,
)
from webapp.errors.models import ModelChangedMeanwhile
from webapp.errors.people import (
    DuplicateIdentifier,
    LastAnchor,
    NoPictureUsable,
    PictureProblem,
    PicturesNeedReview,
    PicturesRejected,
    TooManyAnchors,
    UnknownAnchor,
    UnknownPerson,
)
from webapp.errors.thresholds import ConfirmationNeeded, SettingConflict
from webapp.messages import describe_to_program, in_place
from webapp.web.wording import dangers

API_PATH = "/api/v1"
MEDIA_TYPE = "application/problem+json"
# Page that explains each code; relative, as RFC 9457 allows.
EXPLANATIONS = "/api/docs#"

STATUSES: dict[type[ServiceError], HTTPStatus] = {
    MalformedJson: HTTPStatus.BAD_REQUEST,
    CursorBroken: HTTPStatus.BAD_REQUEST,
    ContentCompressed: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    KeyMissing: HTTPStatus.UNAUTHORIZED,
    KeyUnknown: HTTPStatus.UNAUTHORIZED,
    KeyExpired: HTTPStatus.UNAUTHORIZED,
    KeyRevoked: HTTPStatus.UNAUTHORIZED,
    ScopeMissing: HTTPStatus.FORBIDDEN,
    FaceDisabled: HTTPStatus.FORBIDDEN,
    ChallengeNeeded: HTTPStatus.FORBIDDEN,
    UnknownPerson: HTTPStatus.NOT_FOUND,
    UnknownAnchor: HTTPStatus.NOT_FOUND,
    ChallengeUnknown: HTTPStatus.NOT_FOUND,
    DuplicateIdentifier: HTTPStatus.CONFLICT,
    LastAnchor: HTTPStatus.CONFLICT,
    TooManyAnchors: HTTPStatus.CONFLICT,
    NobodyEnrolled: HTTPStatus.CONFLICT,
    PicturesNeedReview: HTTPStatus.CONFLICT,
    ConfirmationNeeded: HTTPStatus.CONFLICT,
    ModelChangedMeanwhile: HTTPStatus.CONFLICT,
    SettingConflict: HTTPStatus.CONFLICT,
    RequestInProgress: HTTPStatus.CONFLICT,
    ChallengeNotAsked: HTTPStatus.CONFLICT,
    FrameOutOfOrder: HTTPStatus.CONFLICT,
    ChallengeOver: HTTPStatus.GONE,
    GalleryLoading: HTTPStatus.SERVICE_UNAVAILABLE,
    MustWait: HTTPStatus.TOO_MANY_REQUESTS,
}
# Codes of errors that Flask raises, by status.
CODES = {
    HTTPStatus.BAD_REQUEST: "bad_request",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}
UNEXPLAINED = "failed"
# Replaces a name in texts for keys without the scope read.
REDACTED = "…"


def is_for_programs() -> bool:
    """Return whether the current request is to the API, even to an unknown path in it."""
    return request.path == API_PATH or request.path.startswith(f"{API_PATH}/")


def of_status(status: int) -> Response:
    """Return the problem of a bare status."""
    answer = _problem(status, CODES.get(HTTPStatus(status), UNEXPLAINED))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = str(RETRY_AFTER.seconds)
    return answer


def of_service(error: ServiceError) -> Response:
    """Return the problem of an error that a service raised."""
    db.session.rollback()
    details = error.details
    more: dict[str, object] = {}
    if isinstance(error, NoPictureUsable):
        more["detail"] = " ".join(
            in_place(problem.place, describe_to_program(problem.code, problem.details))
            for problem in error.problems
        )
    if isinstance(error, InvalidRequest):
        more["errors"] = error.errors
    if isinstance(error, ConfirmationNeeded):
        details = {"dangers": dangers.sentences(error.dangers)}
        more["dangers"] = [asdict(danger) for danger in error.dangers]
    if isinstance(error, PicturesRejected):
        more["pictures"] = list(_pictures(error.problems))
    if isinstance(error, MustWait):
        more["seconds"] = details["seconds"]
    answer = _problem(status_of(error), error.code, details, more)
    if isinstance(error, MustWait):
        answer.headers["Retry-After"] = str(details["seconds"])
    if isinstance(error, ContentCompressed):
        answer.headers["Accept-Encoding"] = "identity"
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def of_picture(error: FaceError) -> Response:
    """Return the problem of a request whose only picture, or all of them, cannot be used."""
    db.session.rollback()
    return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, error.details)


def status_of(error: ServiceError) -> HTTPStatus:
    """Return the HTTP status of an error that a service raised."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return HTTPStatus.UNPROCESSABLE_ENTITY


def _pictures(problems: Iterable[PictureProblem]) -> Iterable[dict[str, object]]:
    redaction = {} if _may_read() else {"name": REDACTED}
    for problem in problems:
        yield {
            "place": problem.place,
            "code": problem.code,
            "detail": describe_to_program(problem.code, {**problem.details, **redaction}),
        }


def _may_read() -> bool:
    """Return whether the current key may read people's data, names included."""
    key: ApiKey | None = g.get("api_key")
    return key is not None and key.may(Scope.READ)


def _problem(
    status: int,
    code: str,
    details: dict[str, object] | None = None,
    more: dict[str, object] | None = None,
) -> Response:
    problem = {
        "type": f"{request.script_root}{EXPLANATIONS}{code}",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "code": code,
        "detail": describe_to_program(code, details),
        **(more or {}),
    }
    return Response(json.dumps(problem), int(status), mimetype=MEDIA_TYPE)
