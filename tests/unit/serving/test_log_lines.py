"""Each line is logged once, whatever handlers libraries add to the root logger."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from tests.support.installation import CHEAP
from webapp import create_app
from webapp.core.events import record_event
from webapp.settings import Settings


@pytest.fixture
def of_a_library() -> Iterator[io.StringIO]:
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


def test_a_line_is_logged_once(
    of_a_library: io.StringIO, tmp_path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        create_app(Settings(instance=tmp_path, password_cost=CHEAP))

    record_event("something_happened", number=7)

    assert of_a_library.getvalue() == ""
    assert [record.getMessage() for record in caplog.records] == ["something_happened number=7"]
    kinds = [type(handler) for handler in logging.getLogger("webapp").handlers]
    assert kinds.count(logging.StreamHandler) == 1
