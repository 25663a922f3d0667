from __future__ import annotations

import json
from base64 import b64encode
from contextvars import Context
from uuid import UUID

import pytest
from flask import Flask
from siamese_faces import Client, Problem
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from ml import COVERED
from tests.support import faces
from tests.support.fake_engine import picture
from tests.support.installation import rows_stored
from tests.support.programs import key_with, program
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Attempt, AuditEntry, FailureCount, Person, Scope, now
from webapp.db.transactions import unit_of_work
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.matching.claimed_identity import claim_digest
from webapp.services.people.consent import CONSENT_VERSION
from webapp.services.people.people import delete_person, people_after


def enrol(client: Client, identifier: str, photos: tuple[bytes, ...]):
    return client.enrol(identifier, identifier.title(), photos, consent=True, accept_doubts=True)


def test_a_person_is_enrolled_shown_renamed_and_deleted(client: Client, people) -> None:
    ada = client.enrol("ada", "Ada Lovelace", people[0].photos[:2], consent=True)

    assert (ada.identifier, ada.name, ada.pictures) == ("ada", "Ada Lovelace", 2)
    assert client.person(ada.id) == ada
    client.rename(ada.id, name="Ada King")
    assert client.person(ada.id).name == "Ada King"
    client.rename(ada.id, identifier="countess")
    assert client.person(ada.id).identifier == "countess"

    client.delete(ada.id)

    with pytest.raises(Problem) as gone:
        client.person(ada.id)
    assert (gone.value.status, gone.value.code) == (404, "unknown_person")
    assert rows_stored()["person_key"] == 0


def test_consent_is_recorded_and_nothing_is_stored_without_it(client: Client, people) -> None:
    with pytest.raises(Problem) as refused:
        client.enrol("ada", "Ada", people[0].photos[:1], consent=False)
    assert refused.value.code == "consent_missing"
    assert rows_stored()["person"] == 0

    ada = client.enrol("ada", "Ada", people[0].photos[:1], consent=True)

    row = db.session.scalar(select(Person))
    assert ada.consent_version == row.consent_version == CONSENT_VERSION
    assert row.consent_terms["retention_days"] == 0
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.event == "person_enrolled"))
    assert '"key": ' in entry.details


def test_base64_in_json_enrols_like_files_in_a_form(client: Client, people) -> None:
    sent = {
        "identifier": "ada",
        "name": "Ada",
        "consent": True,
        "pictures": [b64encode(people[0].photos[0]).decode()],
    }

    answer = client.http.post("/people", json=sent)

    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/people/{answer.json()['id']}"
    assert (
        client.http.get(answer.headers["Location"].removeprefix("/api/v1")).json()["pictures"] == 1
    )


def test_each_picture_that_cannot_be_used_is_named_and_nothing_is_stored(
    client: Client, people
) -> None:
    pictures = [people[0].photos[0], faces.without_face(), b"no picture"]

    with pytest.raises(Problem) as refused:
        client.enrol("ada", "Ada", pictures, consent=True)

    assert (refused.value.status, refused.value.code) == (422, "pictures_refused")
    problems = refused.value.more["pictures"]
    assert [(one["place"], one["code"]) for one in problems] == [
        (1, "no_face"),
        (2, "not_an_image"),
    ]
    assert rows_stored()["person"] == 0


def test_warnings_must_be_accepted(client: Client, people) -> None:
    enrol(client, "ada", people[0].photos[:1])

    with pytest.raises(Problem) as doubtful:
        client.enrol("twin", "Twin", people[0].photos[:1], consent=True)
    assert (doubtful.value.status, doubtful.value.code) == (409, "pictures_doubtful")
    assert doubtful.value.more["pictures"][0]["code"] == "like_somebody_else"

    assert enrol(client, "twin", people[0].photos[:1]).pictures == 1


def test_only_a_key_with_the_scope_read_sees_the_name_of_a_lookalike(
    client: Client, app: Flask, people
) -> None:
    client.enrol("ada", "Ada Lovelace", people[0].photos[:1], consent=True)
    photos = people[0].photos[:1]
    for scopes, named in (((Scope.ENROL,), False), ((Scope.ENROL, Scope.READ), True)):
        with (
            program(app, key_with(*scopes)) as desk,
            pytest.raises(Problem) as doubtful,
        ):
            desk.enrol("twin", "Twin", photos, consent=True)

        (reported,) = doubtful.value.more["pictures"]
        assert reported["code"] == "like_somebody_else"
        assert ("Ada" in str(doubtful.value.more)) is named


def test_a_rename_to_the_same_names_audits_nothing(client: Client, app: Flask, people) -> None:
    ada = client.enrol("ada", "Ada", people[0].photos[:1], consent=True)
    renamed = select(func.count()).where(AuditEntry.event == "person_renamed")
    with program(app, key_with(Scope.ENROL)) as desk:
        for nothing in ({}, {"name": None}, {"identifier": None, "name": None}):
            answer = desk.http.patch(f"/people/{ada.id}", json=nothing)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        desk.rename(ada.id, identifier="ada", name="Ada")
        assert db.session.scalar(renamed) == 0

        answer = desk.http.patch(f"/people/{ada.id}", json={"name": "Ada King"})

    assert (answer.status_code, answer.content) == (204, b"")
    db.session.rollback()
    assert db.session.scalar(renamed) == 1


def test_claims_of_an_old_identifier_are_deleted_with_the_person(client: Client, people) -> None:
    enrol(client, "grace", people[1].photos[:1])
    client.verify("ada", people[0].photos[:1])  # an identifier that nobody has yet
    ada = enrol(client, "ada", people[0].photos[:1])
    client.verify("ada", people[0].photos[:1])
    client.rename(ada.id, identifier="countess")

    client.delete(ada.id)

    left = select(func.count()).where(Attempt.claim_digest.is_not(None))
    assert db.session.scalar(left) == 0


def test_an_identifier_belongs_to_one_person(client: Client, people) -> None:
    enrol(client, "ada", people[0].photos[:1])
    other = enrol(client, "grace", people[1].photos[:1])

    for taken in (
        lambda: enrol(client, "ADA", people[1].photos[1:2]),
        lambda: client.rename(other.id, identifier="Ada"),
    ):
        with pytest.raises(Problem) as refused:
            taken()
        assert (refused.value.status, refused.value.code) == (409, "duplicate_identifier")


def test_pictures_are_added_listed_seen_and_deleted(client: Client, people) -> None:
    ada = enrol(client, "ada", people[0].photos[:1])

    added = client.add_anchors(ada.id, people[0].photos[1:3], accept_doubts=True)

    kept = client.anchors(ada.id)
    assert len(kept) == 3
    assert [anchor.id for anchor in kept[1:]] == [anchor.id for anchor in added]
    assert client.anchor(ada.id, added[0].id).id == added[0].id
    assert faces.opened(client.picture(ada.id, added[0].id)).width > 0
    seen = select(func.count()).where(AuditEntry.event == "picture_seen")
    assert db.session.scalar(seen) == 1
    for anchor in added:
        client.delete_anchor(ada.id, anchor.id)
    with pytest.raises(Problem) as last:
        client.delete_anchor(ada.id, kept[0].id)
    assert (last.value.status, last.value.code) == (409, "last_anchor")
    with pytest.raises(Problem) as gone:
        client.anchor(ada.id, added[0].id)
    assert (gone.value.status, gone.value.code) == (404, "unknown_anchor")


def test_doubts_that_a_program_overrides_are_in_the_audit_log(client: Client, people) -> None:
    ada = enrol(client, "ada", people[0].photos[:1])
    bob = enrol(client, "bob", people[0].photos[1:2])
    client.add_anchors(bob.id, people[1].photos[:1], accept_doubts=True)

    rows = db.session.scalars(select(AuditEntry.details).order_by(AuditEntry.number))
    reported = [one["overridden"] for one in map(json.loads, rows) if "overridden" in one]
    assert reported[0] == [{"code": "like_somebody_else", "like": str(ada.id)}]
    assert {"code": "unlike_the_others"} in reported[1]


@pytest.mark.parametrize("part", COVERED)
def test_a_covered_face_is_enrolled_only_where_its_warning_is_accepted(
    client: Client, part: str
) -> None:
    covered = picture(reasons=[part])
    with pytest.raises(Problem) as refused:
        client.enrol("ada", "Ada", [covered], consent=True)
    assert (refused.value.code, rows_stored()["person"]) == ("pictures_doubtful", 0)
    assert [one["code"] for one in refused.value.more["pictures"]] == [part]

    ada = enrol(client, "ada", (picture(),))
    with pytest.raises(Problem) as again:
        client.add_anchors(ada.id, [covered])
    assert again.value.code == "pictures_doubtful"
    (added,) = client.add_anchors(ada.id, [covered], accept_doubts=True)

    assert added.reasons == added.doubts == [part]
    rows = db.session.scalars(select(AuditEntry.details))
    overridden = [one["overridden"] for one in map(json.loads, rows) if "overridden" in one]
    assert overridden == [[{"code": part}]]


def test_cheap_checks_run_before_face_analysis(
    app: Flask, client: Client, known_faces, settings
) -> None:
    broken = [b"no picture"]
    many = known_faces[0][:1] * settings.anchors_a_person
    ada = store.enrol(NewPerson("ada", "Ada", True), many, SERVER)

    for asked, code in (
        (lambda: client.enrol("ADA", "Ada", broken, consent=True), "duplicate_identifier"),
        (lambda: client.enrol("bob", "Bob", broken, consent=False), "consent_missing"),
        (lambda: client.add_anchors(str(UUID(int=1)), broken), "unknown_person"),
        (lambda: client.add_anchors(str(ada), broken), "too_many_anchors"),
    ):
        with pytest.raises(Problem) as refused:
            asked()
        assert refused.value.code == code


def test_an_enrolment_is_answered_even_if_the_person_is_deleted_at_once(
    app: Flask, client: Client, people
) -> None:
    def delete_everybody() -> None:
        with app.app_context():
            for person in people_after(None, 9):
                delete_person(person.id, SERVER)

    def at_once(session: Session) -> None:
        if armed and not session.in_nested_transaction():
            armed.clear()
            Context().run(delete_everybody)

    ada = enrol(client, "ada", people[0].photos[:1])
    sent = {
        "identifier": "bob",
        "name": "Bob",
        "consent": True,
        "accept_doubts": True,
        "pictures": [b64encode(people[0].photos[1]).decode()],
    }
    adding = {name: sent[name] for name in ("pictures", "accept_doubts")}
    armed: list[str] = []
    event.listen(db.session, "after_commit", at_once)
    for path, body in ((f"/people/{ada.id}/anchors", adding), ("/people", sent)):
        armed.append(path)

        assert client.http.post(path, json=body).status_code == 201
        assert rows_stored()["person"] == 0


def test_the_list_is_read_in_parts_without_gaps_while_it_changes(
    app: Flask, client: Client, known_faces
) -> None:
    names = [f"person {number}" for number in range(7)]
    ids = [store.enrol(NewPerson(name, name, True), known_faces[0][:1], SERVER) for name in names]

    reader = client.people(limit=2)
    first = [next(reader).identifier for _ in range(2)]
    client.delete(str(ids[0]))  # already read: the following ones stay in their place
    rest = [person.identifier for person in reader]

    assert first + rest == names
    assert [one.identifier for one in client.people(q="PERSON 3")] == ["person 3"]
    assert [one.identifier for one in client.people(identifier="Person 4")] == ["person 4"]
    assert list(client.people(identifier="person")) == []


def test_a_new_identifier_does_not_lift_a_lockout(client: Client, people) -> None:
    ada = client.enrol("ada", "Ada", people[0].photos[:1], consent=True)
    with unit_of_work() as session:
        session.add(FailureCount(digest=claim_digest("ada"), failures=50, last_at=now()))
    for identifier in ("ada", "countess", "ada"):
        client.rename(ada.id, identifier=identifier)
        with pytest.raises(Problem, match="face_disabled"):
            client.verify(identifier, people[0].photos[1:2])
