"""API keys, problems and the API's page."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import select, update

from tests.support.fake_engine import picture
from tests.support.installation import PASSWORD
from tests.support.walking.scenes.registry import scene
from tests.support.walking.scenes.steps import NO_PICTURE, operator_account
from tests.support.walking.walker import UNFILLED, Site
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import ApiKey, Scope, now
from webapp.db.transactions import unit_of_work
from webapp.errors.thresholds import Danger
from webapp.messages import (
    PICTURE_PROBLEMS,
    PROBLEMS_FOR_PROGRAMS,
    REQUEST_PROBLEMS,
    WARNINGS,
    all_codes,
    describe,
    describe_to_program,
    in_place,
)
from webapp.services.accounts import api_keys
from webapp.services.accounts.api_keys import NewKey
from webapp.services.thresholds import dangers
from webapp.web.wording import dangers as danger_words


@scene
def keys_to_the_api(site: Site) -> None:
    admin = site.admin
    admin.see("/api-keys")
    form = {
        "name": "a program",
        "scopes": ["verify", "read"],
        "days": "30",
        "limit": "10 per minute",
        "current": PASSWORD,
    }
    for wrong in (
        {"name": ""},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"days": "0"},
        {"days": "soon"},
        {"limit": "often"},
        {"limit": ""},
        {"current": "wrong"},
    ):
        admin.send("/api-keys", 200, **form | wrong)
    admin.send("/api-keys", **form)
    for scope in Scope:
        api_keys.create(NewKey(f"for {scope}", [scope], 3, "5 per hour"), Actor(operator_account()))
    admin.see("/api-keys")
    key = db.session.scalar(select(ApiKey.id).where(ApiKey.name == "a program"))
    with unit_of_work() as session:
        session.get_one(ApiKey, key).last_used_at = now()
    admin.see(f"/api-keys/{key}/rotate")
    admin.send(f"/api-keys/{key}/rotate", 200, current="wrong")
    admin.send(f"/api-keys/{key}/rotate", current=PASSWORD)
    admin.send(f"/api-keys/{key}/revoke")
    admin.see(f"/api-keys/{uuid4()}/rotate", 404)
    with unit_of_work() as session:
        session.execute(update(ApiKey).values(expires_at=now() - timedelta(days=1)))
    admin.see("/api-keys")


@scene
def problems_of_programs(site: Site) -> None:
    """The API's problems, in the request's language."""
    secret = api_keys.create(NewKey("a program", list(Scope), 3, "99 per hour"), SERVER).secret
    client = site.anybody.client
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    for path, pictures in (
        ("/api/v1/compare", {"first": NO_PICTURE, "second": picture(error="no_face")}),
        ("/api/v1/verify", {"pictures": picture(error="no_face")}),
        ("/api/v1/people", {}),
        ("/api/v1/nothing", {}),
    ):
        files = {name: (io.BytesIO(data), "a.jpg") for name, data in pictures.items()}
        form = {"identifier": "nobody", **files}
        answer = client.post(path, data=form, content_type="multipart/form-data")
        assert answer.status_code >= 400, path
        assert answer.json["detail"], path


@scene
def words_of_every_code(site: Site) -> None:
    """Each code with its facts; each error of the app has a text."""
    texts = {**PICTURE_PROBLEMS, **REQUEST_PROBLEMS, **WARNINGS, **PROBLEMS_FOR_PROGRAMS}
    names = {name for text in texts.values() for name in re.findall(r"%\((\w+)\)", text)}
    facts = dict.fromkeys(names, "7") | {"limit_bytes": 32_000_000, "limit_pixels": 50_000_000}
    with site.app.test_request_context(headers={"Accept-Language": site.language}):
        for code in (*texts, "unheard of"):
            for shown in (describe(code, facts), describe_to_program(code, facts)):
                assert shown, code
                assert not UNFILLED.search(shown), (code, shown)
        for code in all_codes():
            assert all_codes()[code]
        assert in_place(0, "a sentence")
        for code in (dangers.STRANGERS_ACCEPTED, dangers.STRANGERS_FOUND, dangers.PEOPLE_REFUSED):
            for share in (0.02, 0.7, 1.0):
                assert danger_words.sentence(Danger(code, share))


@scene
def reference(site: Site) -> None:
    site.anybody.see("/api/docs")
