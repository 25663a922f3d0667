from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from flask import Flask
from PIL import Image, ImageFilter
from sqlalchemy import select

from tests.support import faces
from tests.support.changed import changed
from tests.support.installation import Visitor, rows_stored, words
from webapp import create_app
from webapp.db.engine import db
from webapp.db.models import Anchor
from webapp.settings import Settings

pytestmark = pytest.mark.real_faces


def photo() -> bytes:
    return faces.people()[0].photos[0]


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def far_away() -> bytes:
    wall = Image.new("RGB", (640, 480), (150, 140, 130))
    image = faces.opened(photo())
    wall.paste(image.resize((44, 44 * image.height // image.width)), (300, 200))
    return faces.jpeg(wall)


def out_of_focus() -> bytes:
    image = faces.opened(photo())
    return faces.jpeg(image.filter(ImageFilter.GaussianBlur(image.width / 50)))


@cache
def bomb() -> bytes:
    return encoded(Image.new("1", (20_000, 20_000)), "PNG")


VIDEO = b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(200)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)

# The file, its name, and words of the answer.
REFUSED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "not an image": (lambda: b"Dear sir or madam", "letter.jpg", "not a picture we can read"),
    "an empty file": (lambda: b"", "empty.jpg", "not a picture we can read"),
    "a script": (lambda: b"<svg onload=alert(1)>", "a.svg", "not a picture we can read"),
    "truncated": (lambda: photo()[: len(photo()) // 2], "half.jpg", "breaks off before its end"),
    "1x1": (lambda: encoded(Image.new("RGB", (1, 1)), "PNG"), "dot.png", "too small"),
    "a strip": (lambda: encoded(Image.new("RGB", (20_000, 40)), "PNG"), "rope.png", "too small"),
    "a bomb": (bomb, "bomb.png", "too many pixels"),
    "half a HEIC": (lambda: HEIC, "IMG_0001.HEIC", "breaks off before its end"),
    "PDF": (lambda: b"%PDF-1.7 " + bytes(200), "a.pdf", "PDF files cannot be read"),
    "a video": (lambda: VIDEO, "a.mov", "MP4 files cannot be read"),
    "30 MB": (lambda: photo() + bytes(30_000_000), "large.jpg", "at most 25 megabytes"),
    "no face": (faces.without_face, "wall.jpg", "No face was found"),
    "a face too small": (far_away, "far.jpg", "face is too small"),
    "a face too blurred": (out_of_focus, "soft.jpg", "blurred"),
}


@pytest.fixture
def ada(app: Flask, enrol):
    return enrol("ada", photos=1)


@pytest.mark.parametrize("kind", REFUSED)
def test_enrolment_refuses_with_a_clear_message_and_stores_nothing(
    operator: Visitor, kind: str
) -> None:
    make, name, message = REFUSED[kind]
    before = rows_stored()

    answer = operator.post(
        "/people/new", {"images": [(make(), name)]}, identifier="ada", name="Ada", consent="y"
    )

    assert answer.status_code == 200
    assert name in words(answer)
    assert message in words(answer)
    assert rows_stored() == before


@pytest.mark.parametrize("kind", REFUSED)
def test_verification_refuses_with_a_clear_message_and_keeps_but_counts(
    anybody: Visitor, ada, kind: str
) -> None:
    make, name, message = REFUSED[kind]
    before = rows_stored()

    answer = anybody.post("/verify", {"frames": [(make(), name)]}, identifier="ada")

    assert answer.status_code == 200
    assert message in words(answer)
    assert rows_stored() == before | {"refusal": 1, "address_window": 1, "page_result": 1}


@pytest.mark.parametrize("kind", REFUSED)
def test_the_camera_check_names_the_fault(anybody: Visitor, kind: str) -> None:
    make, name, message = REFUSED[kind]

    answer = anybody.post("/camera/check", {"frame": [(make(), name)]}, purpose="picture")

    assert answer.status_code == 200
    assert answer.json["ok"] is False
    assert message in answer.json["message"]


def test_enrolment_refuses_two_faces(operator: Visitor, people) -> None:
    both = faces.side_by_side(people[0].photos[0], people[1].photos[0])
    before = rows_stored()

    answer = operator.post(
        "/people/new", {"images": [both]}, identifier="ada", name="Ada", consent="y"
    )

    assert answer.status_code == 200
    assert "more than one face" in words(answer)
    assert rows_stored() == before


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = faces.opened(photo()).transpose(Image.Transpose.ROTATE_90)
    return faces.jpeg(lying, exif=exif)


def with_alpha() -> bytes:
    image = faces.opened(photo()).convert("RGBA")
    alpha = np.full(image.size[::-1], 255, np.uint8)
    alpha[:5] = 0
    image.putalpha(Image.fromarray(alpha))
    return encoded(image, "PNG")


WORKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "rotated by EXIF": (turned, "phone.jpg"),
    "greyscale": (lambda: encoded(faces.opened(photo()).convert("L"), "JPEG"), "grey.jpg"),
    "CMYK": (lambda: encoded(faces.opened(photo()).convert("CMYK"), "JPEG"), "print.jpg"),
    "palette": (lambda: encoded(faces.opened(photo()).quantize(256), "PNG"), "palette.png"),
    "alpha": (with_alpha, "alpha.png"),
    "WebP": (lambda: encoded(faces.opened(photo()), "WEBP"), "a.webp"),
    "a wrong extension": (lambda: encoded(faces.opened(photo()), "PNG"), "really-a-png.jpg"),
    "no extension": (photo, "photo"),
    "a path as name": (photo, "../../etc/passwd"),
}


@pytest.mark.parametrize("kind", WORKS)
def test_unusual_pictures_simply_work(operator: Visitor, kind: str) -> None:
    picture = (WORKS[kind][0](), WORKS[kind][1])
    enrolled = operator.post(
        "/people/new", {"images": [picture]}, identifier="ada", name="Ada", consent="y"
    )
    assert enrolled.status_code == 302

    verified = operator.post("/verify", {"frames": [photo()]}, identifier="ada")

    assert "does not match" not in words(verified)
    assert verified.status_code == 200


def test_a_file_of_two_formats_is_stored_as_the_picture_alone(operator: Visitor) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.html", "<script>alert(1)</script>")
    sent = photo() + packed.getvalue()
    operator.post("/people/new", {"images": [sent]}, identifier="ada", name="Ada", consent="y")
    person, anchor = db.session.execute(select(Anchor.person_id, Anchor.id)).one()

    kept = operator.get(f"/people/{person}/anchors/{anchor}/picture")

    assert kept.mimetype == "image/jpeg"
    assert kept.data.startswith(b"\xff\xd8\xff")
    assert not zipfile.is_zipfile(io.BytesIO(kept.data))
    assert b"alert" not in kept.data


def test_a_request_beyond_all_limits_gets_a_page_with_the_next_step(
    settings: Settings, engine
) -> None:
    visitor = Visitor(create_app(changed(settings, request_bytes=100_000), engine))

    answer = visitor.post("/verify", {"frames": [bytes(200_000)]}, identifier="ada")

    assert answer.status_code == 413
    assert "choose fewer or smaller ones" in words(answer)


def test_pictures_on_their_way_never_touch_the_disk(
    app: Flask, anybody: Visitor, ada, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile", refuse)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    monkeypatch.setattr("werkzeug.formparser.TemporaryFile", refuse, raising=False)
    large = encoded(faces.opened(photo()).resize((1200, 1200)), "PNG")
    assert len(large) > 600_000

    assert anybody.post("/verify", {"frames": [large]}, identifier="ada").status_code == 200
