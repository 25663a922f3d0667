"""The API under attack: every route with every key, every key with every route."""

from __future__ import annotations

import io
import json
from time import process_time

import numpy as np
import pytest
from flask import Flask
from werkzeug.routing import Rule as Route

from tests.security.accounts.test_access import path_of
from tests.support.hostile import TEXTS, TYPES, pictures
from tests.support.installation import Visitor
from tests.support.programs import key_with
from webapp.api.problems import API_PATH, MEDIA_TYPE
from webapp.db.models import Scope
from webapp.web.access import KeyRule, rule_of

# Processor time, so that other load on the machine does not matter.
LONGEST_SECONDS = 5
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
VALUES = (None, True, -1, 1e308, [], {}, [[[]]], *TEXTS)
NAMES = ("identifier", "name", "consent", "pictures", "picture", "first", "second", "score")


def routes(app: Flask) -> list[tuple[Route, str]]:
    """Return the API's routes that need a key, with their methods."""
    return [
        (route, method)
        for route in app.url_map.iter_rules()
        if isinstance(rule_of(route.endpoint), KeyRule)
        for method in route.methods & set(METHODS)
    ]


def ask(app: Flask, path: str, method: str, key: str, **options: object):
    headers = {"Authorization": f"Bearer {key}"} | options.pop("headers", {})
    with app.app_context():
        return app.test_client().open(path, method=method, headers=headers, **options)


def test_keys_open_routes_below_the_apis_path_alone(app: Flask) -> None:
    below = {
        route.endpoint for route in app.url_map.iter_rules() if route.rule.startswith(API_PATH)
    }

    keyed = {route.endpoint for route, _ in routes(app)}

    assert below - keyed == {"api_reference.openapi", "api_health.health"}
    assert keyed <= below


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_opens_the_routes_of_its_scope_alone(app: Flask, scope: Scope) -> None:
    key = key_with(scope)
    for route, method in routes(app):
        needed = rule_of(route.endpoint).scopes

        answer = ask(app, path_of(route), method, key)

        closed = answer.status_code == 403 and answer.json["code"] == "scope_missing"
        assert answer.status_code not in {401, 500}, (route, method)
        assert closed is (scope != Scope.ADMIN and needed != {scope}), (route, method)


def test_without_a_key_every_route_is_closed_to_everybody(
    app: Flask, anybody: Visitor, admin: Visitor
) -> None:
    for route, method in routes(app):
        for visitor in (anybody, admin):
            with app.app_context():
                answer = visitor.client.open(path_of(route), method=method)

            assert (answer.status_code, answer.json["code"]) == (401, "key_missing"), route
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_no_key_opens_a_page(app: Flask) -> None:
    key = key_with(Scope.ADMIN)
    for path in ("/people", "/audit", "/threshold", "/api-keys"):
        assert ask(app, path, "GET", key).status_code == 302


@pytest.mark.parametrize("number", [150, pytest.param(5_000, marks=pytest.mark.long)])
def test_hostile_requests_with_a_key_get_an_answer_in_time_that_is_no_failure(
    app: Flask, number: int
) -> None:
    random, key, known = np.random.default_rng(7), key_with(Scope.ADMIN), routes(app)
    broken = pictures(number)
    for _ in range(number):
        route, method = known[int(random.integers(len(known)))]
        path = path_of(route) + (f"?{choice(random, TEXTS)}" if random.random() < 0.2 else "")
        started = process_time()

        answer = ask(app, path, method, key, **body(random, next(broken)))

        assert answer.status_code < 500, (route, method)
        assert process_time() - started < LONGEST_SECONDS
        if answer.status_code >= 400:
            assert answer.mimetype == MEDIA_TYPE


def choice(random: np.random.Generator, among: tuple) -> object:
    return among[int(random.integers(len(among)))]


def body(random: np.random.Generator, picture: bytes) -> dict[str, object]:
    fields = {name: choice(random, VALUES) for name in NAMES if random.random() < 0.5}
    kind = int(random.integers(3))
    if kind == 0:
        return {"data": json.dumps(fields), "content_type": "application/json"}
    if kind == 1:
        return {"data": random.bytes(2000), "content_type": str(choice(random, TYPES))}
    texts = {name: str(value) for name, value in fields.items()}
    return {"data": {**texts, "pictures": (io.BytesIO(picture), "a.jpg")}}
