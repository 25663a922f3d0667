"""A picture survives its round trip through a page."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from webapp.web.views.people.photos import Picture


@given(name=st.text(), data=st.binary())
def test_a_picture_survives_a_round_trip(name: str, data: bytes) -> None:
    assert Picture.of_value(Picture(name, data).value) == Picture(name, data)


@given(value=st.text())
def test_an_invalid_value_is_ignored(value: str) -> None:
    assert isinstance(Picture.of_value(value).data, bytes)
