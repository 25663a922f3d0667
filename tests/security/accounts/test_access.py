from __future__ import annotations

import html
import re
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.routing import Rule as Route

from tests.support.installation import ADMIN, OPERATOR, VIEWER, Visitor
from webapp.db.models import Scope
from webapp.web.access import KeyRule, Rule, rule_of

VERIFY, ENROL, READ, SET = (
    KeyRule(frozenset({scope})) for scope in (Scope.VERIFY, Scope.ENROL, Scope.READ, Scope.ADMIN)
)
# The whole table, so that a new or a wider route fails here.
RULES = {
    "static": Rule.PUBLIC,
    "home.index": Rule.PUBLIC,
    "accounts.setup": Rule.PUBLIC,
    "accounts.sign_in": Rule.PUBLIC,
    "accounts.code": Rule.PUBLIC,
    "accounts.present": Rule.PUBLIC,
    "accounts.sign_out": Rule.PUBLIC,
    "privacy.index": Rule.PUBLIC,
    "language.choose": Rule.PUBLIC,
    "own.show": Rule.PUBLIC,
    "own.picture": Rule.PUBLIC,
    "own.export": Rule.PUBLIC,
    "own.withdraw": Rule.PUBLIC,
    "person_data.export": Rule.OPERATOR,
    "person_data.link": Rule.OPERATOR,
    "person_data.shown_link": Rule.OPERATOR,
    "person_data.end_link": Rule.OPERATOR,
    "person_data.consent": Rule.OPERATOR,
    "person_data.allow": Rule.ADMIN,
    "audit.index": Rule.ADMIN,
    "account.show": Rule.VIEWER,
    "account.password": Rule.VIEWER,
    "account.sign_out_everywhere": Rule.VIEWER,
    "account.end_sessions": Rule.VIEWER,
    "account.switch_on": Rule.VIEWER,
    "account.recovery_codes": Rule.VIEWER,
    "account.switch_off": Rule.VIEWER,
    "health.live": Rule.PUBLIC,
    "health.ready": Rule.PUBLIC,
    "verify.verify": Rule.VERIFIER,
    "verify.verified": Rule.VERIFIER,
    "camera.check": Rule.VERIFIER,
    "challenges.begin": Rule.VERIFIER,
    "challenges.see": Rule.VERIFIER,
    "challenges.begin_enrolment": Rule.OPERATOR,
    "challenges.pass_enrolment": Rule.OPERATOR,
    "verify.without_movements": Rule.OPERATOR,
    "verify.identify": Rule.OPERATOR,
    "verify.identified": Rule.OPERATOR,
    "people.index": Rule.OPERATOR,
    "people.taken": Rule.OPERATOR,
    "people.enrol": Rule.OPERATOR,
    "people.show": Rule.OPERATOR,
    "people.add_anchors": Rule.OPERATOR,
    "people.retire_anchor": Rule.OPERATOR,
    "people.restore_anchor": Rule.OPERATOR,
    "people.delete_anchor": Rule.OPERATOR,
    "people.delete": Rule.OPERATOR,
    "people.picture": Rule.OPERATOR,
    "attempts.show": Rule.OPERATOR,
    "attempts.index": Rule.OPERATOR,
    "attempts.export": Rule.OPERATOR,
    "challenge_results.index": Rule.OPERATOR,
    "challenge_results.show": Rule.OPERATOR,
    "challenge_results.label": Rule.OPERATOR,
    "dashboard.index": Rule.VIEWER,
    "threshold.edit": Rule.ADMIN,
    "threshold.review": Rule.ADMIN,
    "threshold.pairs": Rule.ADMIN,
    "search.edit": Rule.ADMIN,
    "search.review": Rule.ADMIN,
    "liveness.edit": Rule.ADMIN,
    "liveness.review": Rule.ADMIN,
    "person_threshold.edit": Rule.ADMIN,
    "person_threshold.review": Rule.ADMIN,
    "models.index": Rule.ADMIN,
    "models.change": Rule.ADMIN,
    "models.embed": Rule.ADMIN,
    "models.progress": Rule.ADMIN,
    "api_keys.index": Rule.ADMIN,
    "api_keys.create": Rule.ADMIN,
    "api_keys.made": Rule.ADMIN,
    "api_keys.rotate": Rule.ADMIN,
    "api_keys.revoke": Rule.ADMIN,
    "api_reference.openapi": Rule.PUBLIC,
    "api_reference.page": Rule.PUBLIC,
    "api_health.health": Rule.PUBLIC,
    "api_people.index": READ,
    "api_people.create": ENROL,
    "api_people.show": READ,
    "api_people.change": ENROL,
    "api_people.delete": ENROL,
    "api_people.anchors": READ,
    "api_people.add_anchors": ENROL,
    "api_people.anchor": READ,
    "api_people.picture": READ,
    "api_people.delete_anchor": ENROL,
    "api_faces.verify": VERIFY,
    "api_faces.identify": KeyRule(frozenset({Scope.VERIFY, Scope.READ})),
    "api_faces.compare": VERIFY,
    "api_challenges.begin": VERIFY,
    "api_challenges.see": VERIFY,
    "api_challenges.judge": VERIFY,
    "api_faces.detect": VERIFY,
    "api_thresholds.show": READ,
    "api_thresholds.set_verification": SET,
    "api_thresholds.set_search": SET,
    "api_thresholds.of_person": READ,
    "api_thresholds.set_of_person": SET,
    "api_attempts.feed": READ,
}
# A link, or a fresh password, guards these; tests of their own cover them.
OF_THEIR_OWN = {"accounts.setup", "accounts.code"}
NOBODYS_ID = UUID(int=0)


def path_of(route: Route) -> str:
    values = {
        name: {"token": "none", "filename": "img/mark.svg"}.get(name, NOBODYS_ID)
        for name in route.arguments
    }
    return route.build(values)[1]


def refused(answer) -> bool:
    """Return whether a visitor was redirected to sign in, or refused."""
    to_sign_in = answer.status_code == 302 and answer.location.startswith("/sign-in")
    return to_sign_in or answer.status_code in {401, 403}


def ask(visitor: Visitor, route: Route, method: str):
    path = path_of(route)
    return visitor.get(path) if method == "GET" else visitor.post(path)


def test_every_route_states_the_rule_it_is_meant_to_have(app: Flask) -> None:
    stated = {route.endpoint: rule_of(route.endpoint) for route in app.url_map.iter_rules()}

    assert stated == RULES


def test_a_route_without_a_rule_is_closed_to_everybody(app: Flask, admin: Visitor) -> None:
    app.view_functions["home.index"] = lambda: "no rule"

    assert admin.get("/").status_code == 403


@pytest.mark.slow
@pytest.mark.parametrize(
    ("username", "allowed"),
    [
        (None, {Rule.PUBLIC, Rule.VERIFIER}),
        (VIEWER, {Rule.PUBLIC, Rule.VERIFIER, Rule.VIEWER}),
        (OPERATOR, {Rule.PUBLIC, Rule.VERIFIER, Rule.VIEWER, Rule.OPERATOR}),
        (ADMIN, set(Rule)),
    ],
)
def test_everyone_reaches_what_their_role_may_and_nothing_else(
    app: Flask, username: str | None, allowed: set[Rule]
) -> None:
    for route in app.url_map.iter_rules():
        if route.endpoint in OF_THEIR_OWN:
            continue
        for method in route.methods & {"GET", "POST"}:
            visitor = Visitor(app)
            if username:
                visitor.sign_in(username)

            answer = ask(visitor, route, method)

            assert answer.status_code < 500
            assert refused(answer) is (RULES[route.endpoint] not in allowed), (route, method)


@pytest.mark.parametrize("username", [None, VIEWER, OPERATOR, ADMIN])
def test_no_page_leads_anybody_where_they_may_not_go(
    app: Flask, enrol, username: str | None
) -> None:
    visitor = Visitor(app)
    if username:
        visitor.sign_in(username)
    seen = pages_from(visitor, "/")  # nobody is enrolled, so pages link there
    person = enrol("ada", photos=1)

    seen |= pages_from(visitor, "/")

    assert ("/dashboard" in seen) is (username is not None)
    assert (f"/people/{person}" in seen) is (username in {OPERATOR, ADMIN})
    assert ("/audit" in seen) is (username == ADMIN)


def pages_from(visitor: Visitor, start: str) -> set[str]:
    """Return the pages that links lead to, starting from one; each exists and is open."""
    seen, waiting = set(), [start]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = visitor.get(path)
        assert answer.status_code == 200, path
        links = re.findall(r'<a [^>]*href="(/[^"#?]*)', answer.text)
        waiting += [html.unescape(link) for link in links if not link.startswith("/static/")]
    return seen


def test_a_setting_closes_verification_to_visitors(closed_app: Flask) -> None:
    stranger, operator = Visitor(closed_app), Visitor(closed_app)
    operator.sign_in(OPERATOR)

    assert refused(stranger.get("/verify"))
    assert stranger.post("/camera/check").status_code == 401
    assert operator.get("/verify").status_code == 200
