"""API keys are replaced, expire, and end with their account."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from siamese_faces import Client

from tests.integration.accounts.keys import FIELDS, SECRET, events, refusal
from tests.support.installation import ADMIN, PASSWORD, Visitor, rows_stored, words
from tests.support.programs import program
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import ApiKey, Role, Scope, now
from webapp.errors.api import KeyExpired, KeyRevoked, KeyUnknown
from webapp.services.accounts import accounts, api_keys
from webapp.services.accounts.api_keys import NewKey
from webapp.services.idempotency import KEPT, Answer, Request, run_once


def test_a_replaced_key_works_for_its_grace_period_beside_the_new_one(app: Flask) -> None:
    old = api_keys.create(NewKey("till", [Scope.READ], limit="9 per minute"), SERVER)
    new = api_keys.rotate(old.id, SERVER, hours=1)
    ended = api_keys.rotate(new.id, SERVER, hours=0)

    with program(app, old.secret) as client:
        client.thresholds()
    with program(app, ended.secret) as client:
        client.thresholds()
    assert refusal(app, new.secret) == "key_expired"
    kept = db.session.get(ApiKey, ended.id)
    assert (kept.name, kept.scopes, kept.limit) == ("till", ["read"], "9 per minute")


def test_after_a_rotation_a_request_is_repeated_with_the_key_that_it_was_sent_with(
    app: Flask,
) -> None:
    old = api_keys.create(NewKey("till", [Scope.ADMIN]), SERVER)
    asked = Request(old.id, "one", b"content")
    run_once(asked, lambda: Answer(201, b"first"))

    new = api_keys.rotate(old.id, SERVER)

    assert run_once(asked, lambda: Answer(201, b"twice")).body == b"first"
    others = run_once(replace(asked, sender=new.id), lambda: Answer(201, b"another"))
    assert others.body == b"another"
    assert api_keys.find(old.id).ends_at - now() > KEPT - timedelta(minutes=1)


def test_replacing_a_key_again_shortens_no_lifetime(app: Flask) -> None:
    old = api_keys.create(NewKey("till", [Scope.READ], days=100), SERVER)
    first = api_keys.rotate(old.id, SERVER, hours=24)

    second = api_keys.rotate(old.id, SERVER, hours=48)

    whole = timedelta(days=99)
    assert min(first.expires_at, second.expires_at) - now() > whole
    assert api_keys.find(old.id).ends_at - now() < timedelta(hours=24)
    assert second.expires_at - now() > whole
    with program(app, old.secret) as client:
        client.thresholds()


def test_a_key_that_has_expired_is_not_replaced(app: Flask) -> None:
    old = api_keys.create(NewKey("till", [Scope.READ]), SERVER)
    api_keys.rotate(old.id, SERVER, hours=0)

    with pytest.raises(KeyExpired):
        api_keys.rotate(old.id, SERVER)
    rotated = app.test_cli_runner().invoke(args=["api-keys", "rotate", str(old.id)])
    assert (
        rotated.output
        == "Error: This key is revoked or expired. Run: flask --app wsgi api-keys create\n"
    )


def test_the_keys_of_an_account_end_with_it(app: Flask) -> None:
    made_by = accounts.create_account("the other", PASSWORD, Role.ADMIN, SERVER)
    theirs = api_keys.create(NewKey("till", [Scope.READ]), Actor(made_by))
    ours = api_keys.create(NewKey("door", [Scope.READ]), Actor(accounts.account_named(ADMIN).id))

    accounts.delete_account("the other", SERVER)

    assert refusal(app, theirs.secret) == "key_revoked"
    with program(app, ours.secret) as client:
        client.thresholds()
    assert [str(theirs.id) in entry.details for entry in events("api_key_revoked")] == [True]


def test_making_and_replacing_a_key_needs_the_current_password(app: Flask, admin: Visitor) -> None:
    key = api_keys.create(NewKey("till", [Scope.READ]), SERVER)
    for wrong in ("", "another password"):
        made = admin.post("/api-keys", **{**FIELDS, "current": wrong})
        replaced = admin.post(f"/api-keys/{key.id}/rotate", current=wrong)

        assert made.status_code == replaced.status_code == 200
        assert not SECRET.search(made.text + replaced.text)

    assert "The present password is wrong." in words(made)
    assert admin.get(f"/api-keys/{key.id}/rotate").status_code == 200
    assert rows_stored()["api_key"] == 1


def test_a_revoked_key_is_not_replaced(app: Flask, client: Client) -> None:
    made = api_keys.create(NewKey("till", [Scope.READ]), SERVER)
    api_keys.revoke(made.id, SERVER)

    with pytest.raises(KeyRevoked):
        api_keys.rotate(made.id, SERVER)
    with pytest.raises(KeyUnknown):
        api_keys.revoke(UUID(int=1), SERVER)
