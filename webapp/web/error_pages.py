"""Error handlers: a page for people, JSON for the pages' scripts, a problem for programs."""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter import RequestLimit
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, SQLAlchemyError
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    RequestEntityTooLarge,
    SecurityError,
    TooManyRequests,
)

from ml import ArtifactError
from webapp.api import problems
from webapp.crypto.vault import VaultError
from webapp.db.damage import DatabaseDamaged, damage_watch, explain
from webapp.db.engine import UNAVAILABLE, db
from webapp.errors.matching import Busy, GalleryLoading, MustWait
from webapp.extensions import frame_limiter, limiter, login
from webapp.messages import describe
from webapp.web.limits.request_bounds import takes_pictures
from webapp.web.redirects import nearest_page
from webapp.web.resumed_forms import keep_typed, leave_unparsed

PAGES = {400, 403, 404, 413, 429, 500, 503}
WITHOUT_DATABASE = ("health.", "api_health.", "static")
JSON_BLUEPRINTS = {"camera", "challenges", "health"}
TOO_MANY_REQUESTS = "too_many_requests"
# Statuses of forms that were not stored; their page shows what was typed again.
NOT_TAKEN = {413, 429, 500, 503}
A_MINUTE = 60
log = logging.getLogger("webapp.errors")


def add_error_pages(app: Flask) -> None:
    """Register a handler for every error."""
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(TooManyRequests, _too_many)
    app.register_error_handler(MustWait, _must_wait)
    app.register_error_handler(GalleryLoading, _warming)
    app.register_error_handler(SecurityError, _wrong_host)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(DatabaseError, _database_failed)
    for unavailable in (*UNAVAILABLE, ArtifactError, DatabaseDamaged, VaultError):
        app.register_error_handler(unavailable, _unavailable)


def refuse_while_damaged(app: Flask) -> None:
    """Refuse requests to a damaged database: each write may lose more of it."""
    app.before_request(_refuse_damage)


def _refuse_damage() -> None:
    if request.endpoint and not request.endpoint.startswith(WITHOUT_DATABASE):
        damage_watch().refuse_damage()


def answer(
    status: int,
    *,
    retry_after: int | None = None,
    busy: bool = False,
    pictures: bool = False,
    damaged: bool = False,
    back: str = "",
) -> ResponseReturnValue:
    """Return the page, or the JSON, for a status.

    Args:
        status: HTTP status of the answer.
        retry_after: seconds to wait, if known.
        busy: whether the analysis queue is full, rather than the client over its rate limit.
        pictures: whether the request was too large because of pictures.
        damaged: whether the database is damaged.
        back: address of the page to continue from; empty for the start page.
    """
    db.session.rollback()
    if problems.is_for_programs():
        return problems.of_status(status)
    if request.blueprint in JSON_BLUEPRINTS:
        return jsonify(error=status), status
    if status in NOT_TAKEN and request.method == "POST":
        keep_typed()
        back = back or nearest_page()
    page = status if status in PAGES else (400 if status < 500 else 500)
    text = render_template(
        f"errors/{page}.html",
        retry_after=retry_after,
        busy=busy,
        pictures=pictures,
        damaged=damaged,
        back=back,
    )
    return text, status


def refused(status: int, **facts: object) -> Response:
    """Return a refusal for a page's script, with the status that a program would get.

    Such refusals are part of normal use. Browsers log every response of status 400 or higher to
    their console as an error, so these have status 200.
    """
    return jsonify(refused=status, **facts)


def _wrong_host(_error: SecurityError) -> ResponseReturnValue:
    """Answer without a page: its links would need a trusted host name."""
    if problems.is_for_programs():
        return problems.of_status(400)
    return Response("This site does not answer to that host name.\n", 400, mimetype="text/plain")


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, InternalServerError) and damage_watch().found:
        return _unavailable(error.original_exception or error)
    if error.code is None or error.code < 400:
        return error.get_response()
    if _is_page_request(error):
        return redirect(nearest_page())
    return answer(error.code)


def _is_page_request(error: HTTPException) -> bool:
    """Return whether a browser opens an address that accepts only forms."""
    is_got = isinstance(error, MethodNotAllowed) and request.method == "GET"
    return is_got and not problems.is_for_programs()


def _too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    leave_unparsed()
    return answer(413, pictures=takes_pictures())


def _too_many(_error: TooManyRequests) -> ResponseReturnValue:
    seconds = _seconds_until_reset(limiter.current_limit or frame_limiter.current_limit)
    if request.blueprint in JSON_BLUEPRINTS:
        words = describe(TOO_MANY_REQUESTS, {"seconds": seconds})
        return jsonify(code=TOO_MANY_REQUESTS, message=words, seconds=seconds), 429
    return answer(429, retry_after=seconds)


def _must_wait(error: MustWait) -> ResponseReturnValue:
    if isinstance(error, Busy) and request.blueprint in JSON_BLUEPRINTS:
        db.session.rollback()
        seconds = error.seconds
        return refused(429, retry_after=seconds), {"Retry-After": str(seconds)}
    return _retry_later(error, 429, busy=isinstance(error, Busy))


def _warming(error: GalleryLoading) -> ResponseReturnValue:
    return _retry_later(error, 503)


def _retry_later(error: MustWait, status: int, *, busy: bool = False) -> ResponseReturnValue:
    seconds = error.seconds
    response = make_response(answer(status, retry_after=seconds, busy=busy))
    response.headers["Retry-After"] = str(seconds)
    return response


def _seconds_until_reset(limit: RequestLimit | None) -> int:
    return max(1, limit.reset_at - int(time.time())) if limit else A_MINUTE


def _database_failed(error: DatabaseError) -> ResponseReturnValue:
    if isinstance(error, DataError | IntegrityError):
        raise error  # a bug in the app
    return _unavailable(error)


def _unavailable(error: BaseException) -> ResponseReturnValue:
    log.error("unavailable: %s", explain(error) if isinstance(error, SQLAlchemyError) else error)
    damaged = damage_watch().found
    try:
        return answer(503, damaged=damaged)
    except (SQLAlchemyError, DatabaseDamaged):
        # the page needs the database for the signed-in account: show it as for nobody
        login._update_request_context_with_user()
        return answer(503, damaged=damaged)
