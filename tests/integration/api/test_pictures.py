"""Pictures in requests: formats, coordinates and base64."""

from __future__ import annotations

from base64 import b64encode
from textwrap import wrap
from urllib.parse import quote

import pytest
from PIL import Image
from siamese_faces import Client

from tests.support import faces


@pytest.mark.real_faces
@pytest.mark.parametrize("factor", [1, 2, 3.4, 5])
@pytest.mark.parametrize("orientation", [1, 6])
def test_coordinates_are_pixels_of_the_picture_that_was_sent(
    client: Client, factor: float, orientation: int
) -> None:
    portrait = faces.opened(faces.portraits()[1].photos[0])
    small = client.detect(faces.jpeg(portrait))
    size = (round(portrait.width * factor), round(portrait.height * factor))
    enlarged = portrait.resize(size, Image.Resampling.LANCZOS)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = enlarged if orientation == 1 else enlarged.transpose(Image.Transpose.ROTATE_90)

    large = client.detect(faces.jpeg(stored, exif=exif))

    assert (large.width, large.height) == size
    (face,), (same,) = large.faces, small.faces
    near = same.box.width * factor * 0.06
    for name, point in face.landmarks.items():
        assert point.x == pytest.approx(same.landmarks[name].x * factor, abs=near)
        assert point.y == pytest.approx(same.landmarks[name].y * factor, abs=near)
    assert face.box.width == pytest.approx(same.box.width * factor, rel=0.1)
    assert large.quality["face_px"] == pytest.approx(face.box.width)


SPELLINGS = {
    "plain": lambda plain: plain,
    "without padding": lambda plain: plain.rstrip("="),
    "in lines": lambda plain: "\n".join(wrap(plain, 76)) + "\n",
    "in Windows lines": lambda plain: "\r\n".join(wrap(plain, 64)),
    "safe for URLs": lambda plain: plain.replace("+", "-").replace("/", "_"),
    "by echo in a shell": lambda plain: " ".join(wrap(plain, 76)),
    "indented": lambda plain: "\n".join(f"    {line}" for line in wrap(plain, 76)),
    "by certutil": lambda plain: (
        "-----BEGIN CERTIFICATE-----\r\n"
        + "\r\n".join(wrap(plain, 64))
        + "\r\n-----END CERTIFICATE-----\r\n"
    ),
    "data URL with escapes": lambda plain: "data:image/jpeg;base64," + quote(plain, safe=""),
    "data URL": lambda plain: "data:image/jpeg;base64," + plain,
    "data URL with options": lambda plain: "data:image/jpeg;name=a.jpg;BASE64, " + plain,
    "data URL safe for URLs": lambda plain: (
        "DATA:;base64," + plain.replace("+", "-").replace("/", "_").rstrip("=")
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_base64_is_read(client: Client, people, spelling: str) -> None:
    text = SPELLINGS[spelling](b64encode(people[0].photos[0]).decode())

    answer = client.http.post("/detect", json={"picture": text})

    assert answer.status_code == 200, answer.json()
    assert answer.json()["faces"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("=", "Empty"),
        ("data:image/png;base64,", "Empty"),
        ("/9j/é", "'\\xe9' at place 5"),
        ("/9j/4=AAQ", "'=' at place 6"),
        ("/9j/4", "cut short"),
        ("data:image/svg+xml,%3Csvg%3E", "does not end in “;base64”"),
        ("data:image/png;base64", "without a comma"),
        ("/9j/4AAQSk ZJRgABAQAAAQ ABAAD", "probably decoded its “+”"),
        ("/9j/ 4AAQSkZJ", "probably decoded its “+”"),
        ("https://example.org/ada.jpg", "an address"),
        ("blob:https://example.org/5", "an address"),
        ("C:\\photos\\ada.jpg", "':' at place 2"),
    ],
)
def test_invalid_base64_is_explained(client: Client, text: str, words: str) -> None:
    answer = client.http.post("/detect", json={"picture": text})

    assert answer.status_code == 422
    assert words in answer.json()["errors"]["picture"][0]


def test_a_text_without_bytes_is_no_picture(client: Client) -> None:
    assert client.http.post("/detect", json={"picture": ""}).json()["code"] == "not_an_image"


@pytest.mark.real_faces
@pytest.mark.parametrize("file_format", ["HEIF", "AVIF", "GIF", "BMP", "TIFF"])
def test_photos_of_every_usual_format_are_read(client: Client, people, file_format: str) -> None:
    picture = faces.saved(faces.opened(people[0].photos[0]), file_format)

    assert client.detect(picture).faces
    assert client.compare(people[0].photos[0], picture).match
