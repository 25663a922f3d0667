"""Forms of pages, sent as a browser sends them."""

from __future__ import annotations

import html
import re

from tests.support.installation import Visitor

NOTHING_SENT = "Nothing was sent yet."


def token_of(visitor: Visitor, page: str) -> str:
    return re.search(r'name="csrf-token" content="([^"]+)"', visitor.get(page).text).group(1)


def value_of(page: str, name: str) -> str:
    field = re.search(rf'<input[^>]* name="{name}"[^>]*>', page).group(0)
    return html.unescape(re.search(r'value="([^"]*)"', field).group(1))


def send_enrolment(visitor: Visitor, *photos: bytes, **fields: str):
    return visitor.post(
        "/people/new",
        {"images": photos},
        **{"identifier": "grace", "name": "Grace", "consent": "y"} | fields,
    )
