"""Error pages, limits, and failures of the app."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import TooManyRequests

import ml
from tests.support.fake_engine import picture
from tests.support.walking.scenes.registry import scene
from tests.support.walking.scenes.steps import frame_files
from tests.support.walking.walker import Site
from webapp.db.damage import damage_watch
from webapp.errors.matching import Busy, GalleryLoading
from webapp.inference.active_model import active_model


@scene
def errors(site: Site) -> None:
    visitor, operator, viewer = site.anybody, site.operator, site.viewer
    visitor.see("/nothing", 404)
    viewer.see("/people", 403)
    operator.see("/threshold", 403)
    without_token = operator.client.post("/sign-out", data={})
    assert without_token.status_code == 400
    operator._checked(without_token, "/sign-out", 400)
    visitor._checked(visitor.client.post("/privacy"), "/privacy", 405)
    visitor._checked(visitor.client.post("/sign-in", data={"a": "b" * 10**6}), "/sign-in", 413)
    site.change(request_bytes=10)
    form = {"frames": (io.BytesIO(picture()), "a.jpg")}
    visitor._checked(visitor.client.post("/verify", data=form), "/verify", 413)


@scene
def limits(site: Site) -> None:
    site.change(verify_limit="1 per hour", sign_in_limit="1 per minute")
    site.enrol()
    visitor = site.anybody
    for path in ("/verify", "/sign-in"):
        visitor.post(path)
        visitor.send(path, 429)


@scene
def failures_of_the_app(site: Site) -> None:
    def break_down(error: Exception) -> Callable[..., Any]:
        def fail(*_: object, **__: object) -> None:
            raise error

        return fail

    site.app.config["PROPAGATE_EXCEPTIONS"] = False
    views = site.app.view_functions
    usual = views["privacy.index"]
    for error, status in (
        (RuntimeError("broken"), 500),
        (OperationalError("", {}, Exception("locked")), 503),
        (ml.ModelBroken("a file is missing"), 503),
        (TooManyRequests(), 429),
        (Busy(), 429),
    ):
        views["privacy.index"] = break_down(error)
        views["privacy.index"].access_rule = usual.access_rule
        site.anybody.see("/privacy", status)
    views["privacy.index"] = usual
    admin = site.admin
    damage_watch().found = True
    for reader in (site.anybody, admin):
        reader.see("/verify", 503)


@scene
def still_reading(site: Site) -> None:
    site.enrol()
    visitor = site.anybody
    for seconds in (1, 2, 90):

        def not_yet(*_: object, seconds: int = seconds) -> None:
            raise GalleryLoading(seconds)

        with patch.object(active_model().gallery, "similarities", not_yet):
            visitor.send("/verify", 200, frame_files(picture()), identifier="person-0")
