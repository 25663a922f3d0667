"""One network of clients cannot block face analysis for the others."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from flask import Flask
from PIL import Image

from tests.support.changed import changed
from tests.support.installation import Visitor, as_file
from tests.support.programs import key_with
from webapp import create_app
from webapp.core.network import client_network
from webapp.db.models import Scope
from webapp.inference.face_slots import Caller, face_slots
from webapp.inference.processor_time import processor_time
from webapp.settings import Settings

pytestmark = pytest.mark.real_faces

ATTACKERS, VERIFICATIONS = 12, 8
ATTACKER, VICTIM = "10.0.0.1", "10.9.9.9"


@pytest.fixture
def app(settings: Settings, engine) -> Iterator[Flask]:
    usual = Settings()
    limited = changed(
        settings, proxies=1, verify_limit=usual.verify_limit, guidance_limit=usual.guidance_limit
    )
    made = create_app(limited, engine)
    with made.app_context():
        yield made


@pytest.fixture
def ada(app: Flask, enrol) -> None:
    enrol("ada", photos=1)


@pytest.fixture(scope="module")
def costly_picture() -> bytes:
    """Return few bytes that decode to many pixels."""
    out = io.BytesIO()
    Image.new("RGB", (10_000, 5_000), (90, 120, 150)).save(out, "PNG", compress_level=9)
    return out.getvalue()


def visitor_from(app: Flask, address: str) -> Visitor:
    visitor = Visitor(app)
    visitor.client.environ_base["HTTP_X_FORWARDED_FOR"] = address
    return visitor


@contextmanager
def attacked(app: Flask, picture: bytes, **fields: str) -> Iterator[list[int]]:
    """Send a picture again and again by many threads of one address; yield the statuses."""
    enough, statuses = Event(), []

    def send() -> None:
        visitor = visitor_from(app, ATTACKER)
        token = visitor.token()
        while not enough.is_set():
            form = {"csrf_token": token, "frame": as_file(0, picture), **fields}
            with app.app_context():
                answer = visitor.client.post("/camera/check", data=form)
            statuses.append(answer.status_code)
            enough.wait(1 / ATTACKERS)

    with ThreadPoolExecutor(ATTACKERS) as pool:
        senders = [pool.submit(send) for _ in range(ATTACKERS)]
        try:
            while len(statuses) < ATTACKERS:
                enough.wait(0.01)
            yield statuses
        finally:
            enough.set()
        for sender in senders:
            sender.result()


@pytest.mark.parametrize("purpose", ["guide", "picture"])
def test_a_flood_of_costly_pictures_does_not_block_verification_for_others(
    app: Flask, ada: None, people, costly_picture: bytes, purpose: str
) -> None:
    headers = {"Authorization": f"Bearer {key_with(Scope.VERIFY)}"}
    victim = visitor_from(app, VICTIM)

    with attacked(app, costly_picture, purpose=purpose) as statuses:
        answers = []
        for _ in range(VERIFICATIONS):
            form = {"identifier": "ada", "pictures": as_file(0, people[0].photos[2])}
            with app.app_context():
                answers.append(victim.client.post("/api/v1/verify", data=form, headers=headers))

    assert [answer.status_code for answer in answers] == [200] * VERIFICATIONS
    assert all(answer.json["match"] for answer in answers)
    assert len(statuses) > ATTACKERS


def test_people_behind_another_address_verify_on_the_page_meanwhile(
    app: Flask, ada: None, people, costly_picture: bytes
) -> None:
    victim = visitor_from(app, VICTIM)

    with attacked(app, costly_picture, purpose="picture"):
        answers = [
            victim.post("/verify", {"frames": [people[0].photos[2]]}, identifier="ada")
            for _ in range(VERIFICATIONS // 2)
        ]

    assert [answer.status_code for answer in answers] == [200] * (VERIFICATIONS // 2)


@pytest.mark.parametrize(
    ("size", "reason"), [((10_000, 5_000), "too_many_pixels"), ((1_300, 1_600), "too_many_pixels")]
)
def test_a_live_frame_is_refused_by_its_header(
    app: Flask, size: tuple[int, int], reason: str
) -> None:
    out = io.BytesIO()
    Image.new("RGB", size).save(out, "PNG")
    visitor = visitor_from(app, VICTIM)

    answer = visitor.post("/camera/check", {"frame": [out.getvalue()]}, purpose="guide")

    assert answer.json["reasons"] == [reason]
    assert answer.json["ms"] < visitor.post("/camera/check", {"frame": [bytes(10)]}).json["ms"] + 50


def test_a_live_frame_of_too_many_bytes_is_refused(app: Flask, people) -> None:
    frame = people[0].photos[0] + bytes(400_001)

    answer = visitor_from(app, VICTIM).post("/camera/check", {"frame": [frame]}, purpose="guide")

    assert answer.json["reasons"] == ["too_many_bytes"]


def test_a_chosen_picture_may_be_larger_than_a_frame(app: Flask, people) -> None:
    image = Image.open(io.BytesIO(people[0].photos[0])).convert("RGB")
    out = io.BytesIO()
    image.resize((1_600, 1_600 * image.height // image.width)).save(out, "PNG")

    answer = visitor_from(app, VICTIM).post(
        "/camera/check", {"frame": [out.getvalue()]}, purpose="picture"
    )

    assert len(out.getvalue()) > 400_000
    assert answer.json["faces"] == 1


def test_processor_time_is_counted_by_network_and_ends(app: Flask, people) -> None:
    network = client_network("2001:db8::1")
    processor_time().charge(network, processor_time().milliseconds / 1000)
    same, other = visitor_from(app, "2001:db8::2"), visitor_from(app, "2001:db8:0:1::2")

    refused = same.post("/camera/check", {"frame": [people[0].photos[0]]})

    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert other.post("/camera/check", {"frame": [people[0].photos[0]]}).status_code == 200
    assert same.get("/").status_code == 200


def test_every_request_of_an_address_costs_it_processor_time(app: Flask, people) -> None:
    work = processor_time()
    visitor = visitor_from(app, VICTIM)
    visitor.post("/camera/check", {"frame": [people[0].photos[0]]})

    left = work._limiter.get_window_stats(work._limit, VICTIM).remaining

    assert left < work.milliseconds


def test_programs_with_a_key_have_limits_of_their_own(app: Flask, ada: None, people) -> None:
    processor_time().charge(VICTIM, processor_time().milliseconds / 1000)
    headers = {"Authorization": f"Bearer {key_with(Scope.VERIFY)}"}
    form = {"picture": as_file(0, people[0].photos[2])}

    with app.app_context():
        answer = visitor_from(app, VICTIM).client.post("/api/v1/detect", data=form, headers=headers)

    assert answer.status_code == 200


def test_a_slow_body_holds_no_place(app: Flask, people) -> None:
    """Every place is free while a body is read."""
    places = face_slots().free_places
    seen: list[int] = []

    class Watching(io.BytesIO):
        def readinto(self, buffer: bytearray) -> int:
            seen.append(face_slots().free_places)
            return super().readinto(buffer)

    visitor = visitor_from(app, VICTIM)
    token = visitor.token()
    body = b'--x\r\nContent-Disposition: form-data; name="frame"; filename="a.jpg"\r\n\r\n'
    body += people[0].photos[0] + b"\r\n--x--\r\n"
    with app.app_context():
        answer = visitor.client.post(
            "/camera/check",
            input_stream=Watching(body),
            headers={"X-CSRFToken": token, "Content-Length": str(len(body))},
            content_type="multipart/form-data; boundary=x",
        )

    assert answer.status_code == 200
    assert seen
    assert set(seen) == {places}


def test_while_every_place_is_taken_nothing_is_read(app: Flask) -> None:
    turns, stack = face_slots(), []
    for number in range(turns.places):
        held = turns.place(Caller(f"network {number}"))
        held.__enter__()
        stack.append(held)
    unread = io.BytesIO(b"frame")
    with app.app_context():
        answer = Visitor(app).client.post("/camera/check", input_stream=unread)
    for held in stack:
        held.__exit__(None, None, None)

    assert answer.json["refused"] == 429
    assert unread.tell() == 0
