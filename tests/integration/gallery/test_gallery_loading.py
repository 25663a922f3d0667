"""While a process loads a large gallery, it serves requests that need no gallery."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from threading import Event

import httpx
import pytest
from flask import Flask
from siamese_faces import Client, Health
from sqlalchemy import select

from tests.support import faces
from tests.support.installation import Visitor, words
from tests.support.programs import URL, Wire, key_with
from webapp.core.actor import SERVER
from webapp.crypto.vault import MasterKeyUnusable, Vault
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Person, Scope
from webapp.gallery import memory
from webapp.gallery.memory import MemoryGallery
from webapp.gallery.registry import galleries
from webapp.inference.active_model import active_model
from webapp.services.matching.verification import verify
from webapp.startup import gallery_loading
from webapp.startup.gallery_loading import load_gallery
from webapp.startup.readiness import obstacles

LONG = 20.0


class PausedGallery:
    """A gallery whose loading pauses at the keys until `resume` is called."""

    def __init__(self, app: Flask, fails_at_first: bool = False) -> None:
        self.reached, self._may_resume = Event(), Event()
        self._fails = fails_at_first
        serving = active_model()
        self._keys = key_store().vault
        engine = serving.engine
        normaliser = engine.calibration.normaliser
        self.gallery = MemoryGallery(
            engine.model_id, engine.embedding_size, normaliser, self._vault
        )
        galleries()._galleries[engine.model_id] = self.gallery
        self.done = load_gallery(app, wait_seconds=0)
        assert self.reached.wait(LONG)

    def _vault(self) -> Vault:
        if self.reached.is_set():
            return self._keys
        self.reached.set()
        assert self._may_resume.wait(LONG)
        if self._fails:
            self._fails = False
            raise MasterKeyUnusable("gone for a moment")
        return self._keys

    def resume(self) -> None:
        self._may_resume.set()
        self.done.result(LONG)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count two people as a large gallery."""
    monkeypatch.setattr(memory, "BLOCKING_ANCHORS", 1)


@pytest.fixture
def ada(app: Flask, enrol) -> None:
    enrol("ada", photos=3)


@pytest.fixture
def paused_gallery(app: Flask, ada, many) -> Iterator[PausedGallery]:
    made = PausedGallery(app)
    yield made
    made.resume()


def test_readiness_reports_the_progress_of_loading(
    paused_gallery: PausedGallery, anybody: Visitor, app: Flask, known_faces
) -> None:
    answer = anybody.get("/health/ready")

    assert answer.status_code == 503
    anchors = len(known_faces[0])
    assert answer.json == {
        "ready": False,
        "obstacles": ["warming"],
        "anchors": anchors,
        "anchors_read": 0,
    }
    paused_gallery.resume()
    assert anybody.get("/health/ready").json == {"ready": True, "obstacles": []}


def test_programs_see_the_progress_of_loading(
    paused_gallery: PausedGallery, app: Flask, known_faces
) -> None:
    with Client(URL, transport=Wire(app)) as program:
        warming_up = program.health()
        paused_gallery.resume()
        assert program.health() == Health(ready=True, obstacles=[])

    assert warming_up == Health(False, ["warming"], anchors=len(known_faces[0]), anchors_read=0)


def test_a_search_page_asks_people_to_retry(
    paused_gallery: PausedGallery, operator: Visitor, people: tuple[faces.Person, ...]
) -> None:
    photos = [people[0].photos[0]]
    searched = operator.post("/identify", {"frames": photos})
    enrolled = operator.post(
        "/people/new", {"images": photos}, identifier="bo", name="Bo", consent="y"
    )

    for page in (searched, enrolled):
        assert "Who is enrolled is still being read after a start" in words(page)
        assert "data-wait" in page.text
    assert enrolled.status_code == 503
    assert int(enrolled.headers["Retry-After"]) >= 1


def test_an_enrolment_keeps_its_form_and_photos_until_it_can_be_sent_again(
    paused_gallery: PausedGallery, operator: Visitor, people: tuple[faces.Person, ...]
) -> None:
    form = {"identifier": "bo", "name": "Bo Long", "consent": "y"}
    page = operator.post("/people/new", {"images": [people[1].photos[0]]}, **form)

    assert page.status_code == 503
    assert 'value="Bo Long"' in page.text
    kept = re.findall(r'name="kept" value="([^"]+)"', page.text)
    assert len(kept) == 1
    paused_gallery.resume()
    again = operator.post("/people/new", **form, kept=html.unescape(kept[0]))
    assert again.location.startswith("/people/")


def test_photos_for_a_person_are_kept_until_they_can_be_sent_again(
    paused_gallery: PausedGallery, operator: Visitor, people: tuple[faces.Person, ...]
) -> None:
    ada = db.session.scalar(select(Person.id))
    assert operator.get(f"/people/{ada}").status_code == 200
    page = operator.post(f"/people/{ada}/anchors", {"images": [people[0].photos[3]]})

    assert page.status_code == 503
    assert "data-wait" in page.text
    kept = re.findall(r'name="kept" value="([^"]+)"', page.text)
    paused_gallery.resume()
    again = operator.post(f"/people/{ada}/anchors", kept=html.unescape(kept[0]))
    assert again.location == f"/people/{ada}"


def test_verifying_needs_one_person_and_waits_for_nobody(
    paused_gallery: PausedGallery, app: Flask, people: tuple[faces.Person, ...]
) -> None:
    meanwhile = [verify("ada", [person.photos[2]], SERVER) for person in people[:2]]
    nobody = verify("nobody", [people[0].photos[2]], SERVER)
    assert not app.test_client().get("/health/ready").json["ready"]

    paused_gallery.resume()

    later = [verify("ada", [person.photos[2]], SERVER) for person in people[:2]]
    assert [decision.match for decision in meanwhile] == [True, False]
    for before, after in zip(meanwhile, later, strict=True):
        assert before.by_rule == pytest.approx(after.by_rule, abs=1e-6)
        assert [one.anchor_id for one in before.anchors] == [one.anchor_id for one in after.anchors]
    assert nobody.similarity == verify("nobody", [people[0].photos[2]], SERVER).similarity


def test_programs_receive_a_retry_time(
    paused_gallery: PausedGallery, app: Flask, people: tuple[faces.Person, ...]
) -> None:
    with httpx.Client(transport=Wire(app), base_url=URL) as program:
        answer = program.post(
            "/api/v1/identify",
            files={"pictures": people[0].photos[0]},
            headers={"Authorization": f"Bearer {key_with(Scope.ADMIN)}"},
        )

    assert answer.status_code == 503
    assert answer.json()["code"] == "gallery_warming"
    assert int(answer.headers["Retry-After"]) == answer.json()["seconds"] >= 1


def test_other_pages_are_served_while_the_gallery_loads(
    paused_gallery: PausedGallery, operator: Visitor
) -> None:
    for path in ("/", "/people", "/attempts", "/health/live"):
        assert operator.get(path).status_code == 200


def test_loading_is_retried_after_a_failure(
    app: Flask, ada, many, monkeypatch: pytest.MonkeyPatch, operator: Visitor, people
) -> None:
    monkeypatch.setattr(gallery_loading, "RETRY_SECONDS", 0.01)
    paused_gallery = PausedGallery(app, fails_at_first=True)

    paused_gallery.resume()

    assert obstacles(app) == set()
    page = operator.post("/identify", {"frames": [people[0].photos[0]]})
    assert page.status_code == 200
