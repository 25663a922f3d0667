"""Sign-ins from any address, and the account commands."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from tests.support.installation import OPERATOR, Visitor
from webapp.db.models import FailureCount
from webapp.db.transactions import unit_of_work
from webapp.web.cookies import cookie_name

WRONG = "a wrong password"
NEW = "another long password"


def visitor_at(app: Flask, address: str) -> Visitor:
    visitor = Visitor(app)
    visitor.client.environ_base["REMOTE_ADDR"] = address
    return visitor


def command(app: Flask, *words: str, password: str = "") -> None:
    result = app.test_cli_runner().invoke(args=["account", *words], input=password)
    assert result.exit_code == 0, result.output


def cookie_of(app: Flask, kind: str) -> str:
    """Return the name of a cookie."""
    with app.test_request_context():
        return cookie_name(kind)


def let_time_pass(by: timedelta) -> None:
    with unit_of_work() as session:
        for row in session.scalars(select(FailureCount)):
            row.last_at -= by


def is_let_in(visitor: Visitor, path: str = "/people") -> bool:
    return visitor.get(path).status_code == 200


def fail(visitor: Visitor, times: int, name: str = OPERATOR) -> None:
    for _ in range(times):
        visitor.sign_in(name, WRONG)
