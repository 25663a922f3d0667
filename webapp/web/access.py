"""Access control: a decorator on each view states who may use it; a view without one is closed.

Sessions authorise people by role, API keys authorise programs by scope. Neither opens routes meant
for the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from flask import Flask, abort, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.api.auth import open_by_key
from webapp.db.models import Role, Scope
from webapp.extensions import login
from webapp.services import audit
from webapp.settings import current_settings
from webapp.web.current_user import current_actor
from webapp.web.redirects import this_place

View = TypeVar("View", bound=Callable[..., Any])
ATTRIBUTE = "access_rule"
# Session entry: the page that was requested before the second factor had to be set up.
ON_THE_WAY = "on_the_way"
SET_UP_OF_CODES = {"account.switch_on", "account.recovery_codes"}


class Rule(StrEnum):
    """Who may use a route."""

    PUBLIC = "public"
    VERIFIER = "verifier"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True)
class KeyRule:
    """A key with all of these scopes may use the route."""

    scopes: frozenset[Scope]


ROLES = {
    Rule.VERIFIER: {Role.VIEWER, Role.OPERATOR, Role.ADMIN},
    Rule.VIEWER: {Role.VIEWER, Role.OPERATOR, Role.ADMIN},
    Rule.OPERATOR: {Role.OPERATOR, Role.ADMIN},
    Rule.ADMIN: {Role.ADMIN},
}


def _stating(rule: Rule | KeyRule) -> Callable[[View], View]:
    def state(view: View) -> View:
        setattr(view, ATTRIBUTE, rule)
        return view

    return state


public = _stating(Rule.PUBLIC)
verifier = _stating(Rule.VERIFIER)
viewer = _stating(Rule.VIEWER)
operator = _stating(Rule.OPERATOR)
admin = _stating(Rule.ADMIN)


def key_with(*scopes: Scope) -> Callable[[View], View]:
    """State that the route requires a key with these scopes."""
    return _stating(KeyRule(frozenset(scopes)))


def rule_of(endpoint: str) -> Rule | KeyRule | None:
    """Return the rule that a view states; None if it states none."""
    return getattr(current_app.view_functions[endpoint], ATTRIBUTE, None)


def guard(app: Flask) -> None:
    """Enforce the rules before every request."""
    app.view_functions["static"] = public(app.view_functions["static"])
    app.before_request(_enforce)


def _enforce() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None
    rule = rule_of(request.endpoint)
    if rule is None:
        abort(403)
    if isinstance(rule, KeyRule):
        if request.method == "OPTIONS":  # a browser's preflight request, sent without the key
            return None
        open_by_key(rule.scopes)
        return None
    if _allowed(rule):
        return _to_second_factor() if _lacks_second_factor(rule) else None
    if current_user.is_authenticated:
        audit.record_read("refused", current_actor(), route=request.endpoint)
        abort(403)
    return login.unauthorized()


def _lacks_second_factor(rule: Rule) -> bool:
    """Return whether an account must set up its second factor before it may use a route."""
    if rule is Rule.PUBLIC or request.endpoint in SET_UP_OF_CODES:
        return False
    return must_set_up_codes()


def must_set_up_codes() -> bool:
    """Return whether the signed-in account lacks a second factor that the settings require."""
    required = current_settings().second_factor_required
    return required and current_user.is_authenticated and current_user.account.totp is None


def _to_second_factor() -> ResponseReturnValue:
    session[ON_THE_WAY] = this_place()
    return redirect(url_for("account.switch_on"))


def _allowed(rule: Rule) -> bool:
    if rule is Rule.PUBLIC:
        return True
    if rule is Rule.VERIFIER and not current_settings().verify_requires_sign_in:
        return True
    return current_user.is_authenticated and current_user.role in ROLES[rule]
