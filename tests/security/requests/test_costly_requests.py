"""No request of an unknown sender costs more than analysing the costliest accepted picture."""

from __future__ import annotations

import gc
import io
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from PIL import Image

from tests.support.installation import Visitor
from webapp.web.limits.request_bounds import MULTIPART, PICTURE_BODY, URL_ENCODED

pytestmark = pytest.mark.real_faces

SIZE = PICTURE_BODY - 10_000
BOUNDARY = f"{MULTIPART}; boundary=x"
FIELD = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
FILE = b'--x\r\nContent-Disposition: form-data; name="frame"; filename="a.jpg"\r\n\r\n'
END = b"\r\n--x--\r\n"

# Bodies are megabytes, created when they are sent.
DEAR = {
    "many fields": (lambda: b"a=1&" * 2_700_000, URL_ENCODED),
    "many escapes": (lambda: b"%41" * 3_000_000, URL_ENCODED),
    "many parts": (lambda: (FIELD + b"1\r\n") * 500_000, BOUNDARY),
    "a long part": (lambda: FIELD + bytes(SIZE), BOUNDARY),
    "many headers": (lambda: FILE[:-2] + b"X-A: b\r\n" * 3_000_000, BOUNDARY),
    "line ends": (lambda: FILE + b"\r\n" * (SIZE // 2) + END, BOUNDARY),
    "carriage returns": (lambda: FILE + b"\r" * SIZE + END, BOUNDARY),
    "near boundaries": (lambda: FILE + b"\r\n--y" * (SIZE // 5) + END, BOUNDARY),
    "nearer boundaries": (lambda: FILE + b"\r\n--" * (SIZE // 4) + END, BOUNDARY),
    "no boundary": (lambda: b"\r\n" * (SIZE // 2), BOUNDARY),
    "a long file": (lambda: FILE + bytes(SIZE) + END, BOUNDARY),
    "not a form": (lambda: bytes(SIZE), "application/octet-stream"),
}  # fmt: skip
PATHS = ["/sign-in", "/verify", "/camera/check", "/challenges/frames", "/people/new", "/nowhere"]


def seconds_for(visitor: Visitor, path: str, body: bytes, kind: str) -> float:
    began = time.thread_time()
    with visitor.client.application.app_context():
        answer = visitor.client.post(path, data=body, content_type=kind)
    assert answer.status_code < 500
    return time.thread_time() - began


@pytest.fixture(autouse=True)
def frozen_garbage() -> Iterator[None]:
    """Exclude the objects of earlier tests from garbage collection, which takes a second."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def costliest_picture(app: Flask) -> float:
    """Return the processor time for a picture of 50 megapixels, in seconds."""
    out = io.BytesIO()
    Image.new("RGB", (10_000, 5_000), (90, 120, 150)).save(out, "PNG", compress_level=9)
    visitor = Visitor(app)
    began = time.thread_time()
    visitor.post("/camera/check", {"frame": [out.getvalue()]}, purpose="picture")
    return time.thread_time() - began


@pytest.mark.parametrize("kind", DEAR)
def test_no_form_costs_more_than_the_costliest_picture(
    app: Flask, costliest_picture: float, kind: str
) -> None:
    visitor = Visitor(app)
    visitor.token()

    body, content_type = DEAR[kind]
    seconds = {path: seconds_for(visitor, path, body(), content_type) for path in PATHS}

    assert max(seconds.values()) < costliest_picture, seconds
