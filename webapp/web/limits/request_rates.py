"""Rate limits and processor time of client networks.

Counted before a body is read or a token checked, so that requests that fail there count, too.
"""

from __future__ import annotations

import math
import time
from datetime import timedelta

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from limits import parse_many

from webapp.api.problems import is_for_programs
from webapp.errors.api import NetworkLimitReached
from webapp.extensions import asking_network, frame_limiter
from webapp.inference.processor_time import processor_time
from webapp.settings import current_settings
from webapp.web.error_pages import JSON_BLUEPRINTS, answer
from webapp.web.resumed_forms import offer_again

HARMLESS = {"GET", "HEAD", "OPTIONS"}
FORGED = "forged"


def time_requests(app: Flask) -> None:
    """Charge the processor time of each request to its network, except with an API key."""
    app.before_request(_begin)
    app.teardown_request(_charge)


def count_requests(app: Flask) -> None:
    """Count each request by the limits of its view; reject networks that have used theirs up."""
    app.before_request(check_network)
    app.before_request(_check_view)
    app.register_error_handler(CSRFError, _forged)


def _begin() -> None:
    g.processor_time = time.thread_time()


def _charge(_error: BaseException | None) -> None:
    began = g.pop("processor_time", None)
    if began is not None and "api_key" not in g:
        processor_time().charge(asking_network(), time.thread_time() - began)


def check_network() -> None:
    """Reject a network that has used its processor time up, or sent too many forged tokens."""
    if request.method in HARMLESS or is_for_programs():
        return
    processor_time().check(asking_network())
    limits = frame_limiter.limiter
    for item in parse_many(current_settings().forged_limit):
        if not limits.test(item, FORGED, asking_network()):
            ends_at = limits.get_window_stats(item, FORGED, asking_network()).reset_time
            raise NetworkLimitReached(timedelta(seconds=max(1, math.ceil(ends_at - time.time()))))


def _check_view() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    for count in getattr(view, "limits", ()):
        count()


def _forged(_error: CSRFError) -> ResponseReturnValue:
    """Restore a form whose session ended; reject and count any other invalid token."""
    is_page = request.blueprint not in JSON_BLUEPRINTS
    if is_page and (page := offer_again()):
        return page
    for item in parse_many(current_settings().forged_limit):
        frame_limiter.limiter.hit(item, FORGED, asking_network())
    return answer(400)
