from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from siamese_faces import Problem
from sqlalchemy import event

from tests.integration.accounts.keys import FIELDS, SECRET, events, refusal
from tests.support.installation import PASSWORD, Visitor, rows_stored, words, written_down
from tests.support.programs import key_with, program
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import ApiKey, Scope, now
from webapp.db.transactions import unit_of_work
from webapp.errors.api import LimitUnreadable, ScopesMissing
from webapp.services.accounts import api_keys
from webapp.services.accounts.api_keys import NewKey


def test_only_the_digest_of_a_key_is_kept(app: Flask, settings) -> None:
    secret = key_with(Scope.READ)

    files = written_down(settings)

    assert SECRET.fullmatch(secret)
    assert secret.encode() not in files
    assert secret.split("_", 2)[2].encode() not in files


def test_neither_keys_nor_names_reach_the_log(
    app: Flask, people, caplog: pytest.LogCaptureFixture
) -> None:
    secret = key_with(Scope.ADMIN)
    with caplog.at_level("DEBUG"), program(app, secret) as client:
        client.enrol("lovelace", "Augusta", people[0].photos[:1], consent=True)
        client.verify("lovelace", people[0].photos[:1])
        assert list(client.people(q="lovelace"))

    programs = ("httpx", "httpcore")  # httpx writes the client's log, not the app's
    log = " ".join(one.getMessage() for one in caplog.records if not one.name.startswith(programs))
    assert "api_used" in log
    for private in (secret, secret.split("_", 2)[2], "lovelace", "Augusta"):
        assert private not in log


def test_a_key_that_is_missing_wrong_expired_or_revoked_opens_nothing(app: Flask) -> None:
    good, ended = key_with(Scope.READ), key_with(Scope.READ)
    revoked = api_keys.create(NewKey("gone", [Scope.READ]), SERVER)
    api_keys.revoke(revoked.id, SERVER)
    with unit_of_work() as session:
        session.get(ApiKey, UUID(hex=ended.split("_")[1])).expires_at = now() - timedelta(seconds=1)

    assert refusal(app, "") == "key_missing"
    assert refusal(app, good[:-1]) == "key_unknown"
    assert refusal(app, good + "x") == "key_unknown"
    assert refusal(app, "sf_" + "0" * 32 + "_x") == "key_unknown"
    assert refusal(app, "nonsense") == "key_unknown"
    assert refusal(app, ended) == "key_expired"
    assert refusal(app, revoked.secret) == "key_revoked"
    assert len(events("api_refused")) == 2
    with program(app, good) as client:
        assert client.thresholds().model_id


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_of_a_key_may_be_written_in_any_case(app: Flask, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {key_with(Scope.READ)}"}

    assert app.test_client().get("/api/v1/people", headers=headers).status_code == 200


def test_a_revoked_key_is_refused_at_its_next_request(app: Flask) -> None:
    made = api_keys.create(NewKey("till", [Scope.READ]), SERVER)
    with program(app, made.secret) as client:
        client.thresholds()
        api_keys.revoke(made.id, SERVER)
        with pytest.raises(Problem) as refused:
            client.thresholds()

    assert refused.value.code == "key_revoked"


def test_each_key_has_a_limit_of_its_own(app: Flask) -> None:
    few = key_with(Scope.READ, limit="2 per hour")
    with program(app, few) as client:
        client.thresholds()
        client.thresholds()
        with pytest.raises(Problem) as refused:
            client.thresholds()
    with program(app, key_with(Scope.READ)) as other:
        other.thresholds()

    assert (refused.value.status, refused.value.code) == (429, "limit_reached")
    assert 0 < refused.value.more["seconds"] <= 3600


@pytest.mark.sqlite
def test_a_read_request_syncs_the_disk_once(app: Flask) -> None:
    """The sync is for the audit log. A power failure may lose the last rate limit counters."""
    begun: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith(("PRAGMA synchronous", "BEGIN IMMEDIATE")):
            begun.append(statement)

    with program(app, key_with(Scope.READ)) as client:
        client.thresholds()
        event.listen(db.engine, "before_cursor_execute", note)
        client.thresholds()

    assert begun == [
        "PRAGMA synchronous = NORMAL",
        "BEGIN IMMEDIATE",
        "PRAGMA synchronous = FULL",
        "BEGIN IMMEDIATE",
    ]


def test_every_use_and_refusal_is_in_the_audit_log(app: Flask) -> None:
    made = api_keys.create(NewKey("till", [Scope.READ]), SERVER)
    with program(app, made.secret) as client:
        client.thresholds()
        for refused in (
            lambda: client.person("00000000-0000-0000-0000-000000000000"),
            lambda: client.delete("00000000-0000-0000-0000-000000000000"),
        ):
            with pytest.raises(Problem):
                refused()

    used = [entry.details for entry in events("api_used")]
    assert len(used) == 2
    assert all(str(made.id) in details for details in used)
    assert '"status": 404' in used[1]
    assert '"code": "scope_missing"' in events("api_refused")[0].details
    assert db.session.get(ApiKey, made.id, populate_existing=True).last_used_at is not None


def test_an_administrator_makes_replaces_and_revokes_keys_on_a_page(
    app: Flask, admin: Visitor
) -> None:
    made = admin.post("/api-keys", **FIELDS)
    secret = SECRET.search(made.text).group()
    key_id = UUID(hex=secret.split("_")[1])
    with program(app, secret) as client:
        client.thresholds()

    assert secret not in admin.get("/api-keys").text
    replaced = admin.post(f"/api-keys/{key_id}/rotate", current=PASSWORD)
    assert SECRET.search(replaced.text).group() != secret
    assert "revoked" in words(admin.get(admin.post(f"/api-keys/{key_id}/revoke").location))
    assert refusal(app, secret) == "key_revoked"
    assert admin.post(f"/api-keys/{UUID(int=1)}/revoke").status_code == 404
    made_by = db.session.get(ApiKey, key_id).created_by_id
    assert made_by == events("api_key_created")[0].account_id is not None


def test_a_key_that_cannot_be_is_not_made(admin: Visitor) -> None:
    for wrong in (
        {"scopes": ""},
        {"scopes": "everything"},
        {"days": "0"},
        {"days": "many"},
        {"limit": "often"},
        {"limit": "0 per minute"},
        {"limit": "99999999999999999999 per minute"},
        {"limit": "5 per 99999999999999 year"},
        {"limit": "5 per minute; 0 per hour"},
        {"name": " "},
    ):
        assert admin.post("/api-keys", **{**FIELDS, **wrong}).status_code == 200

    assert rows_stored()["api_key"] == 0
    with pytest.raises(ScopesMissing):
        api_keys.create(NewKey("x", []), SERVER)
    for limit in ("5", "0 per day", "1000001 per day", "1 per 2 months"):
        with pytest.raises(LimitUnreadable):
            api_keys.create(NewKey("x", [Scope.READ], limit=limit), SERVER)


def test_an_operator_has_no_keys_to_give(operator: Visitor) -> None:
    assert operator.get("/api-keys").status_code == 403


def test_keys_are_made_listed_replaced_and_revoked_on_the_server(app: Flask) -> None:
    runner = app.test_cli_runner()
    made = runner.invoke(args=["api-keys", "create", "till", "--scope", "read", "--days", "9"])
    secret = SECRET.search(made.output).group()
    key_id = str(UUID(hex=secret.split("_")[1]))

    listed = runner.invoke(args=["api-keys", "list"]).output
    rotated = runner.invoke(args=["api-keys", "rotate", key_id, "--hours", "0"])
    revoked = runner.invoke(args=["api-keys", "revoke", key_id])

    assert key_id in listed
    assert secret not in listed
    assert SECRET.search(rotated.output).group() != secret
    assert revoked.exit_code == 0
    assert refusal(app, secret) == "key_revoked"
    for wrong in (
        ["create", "x", "--scope", "read", "--limit", "often"],
        ["create", " ", "--scope", "read"],
        ["rotate", key_id],
        ["rotate", str(UUID(int=1))],
        ["revoke", str(UUID(int=1))],
    ):
        result = runner.invoke(args=["api-keys", *wrong])
        assert result.exit_code == 1, wrong
        assert result.output.startswith("Error: ")
