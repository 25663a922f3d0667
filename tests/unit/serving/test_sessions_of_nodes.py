"""Sessions signed by one node and read by another."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from itsdangerous import SignatureExpired

from webapp.core.clock import now
from webapp.web.tokens import TolerantSigner


def signed_at(moment: datetime) -> bytes:
    class Dated(TolerantSigner):
        def get_timestamp(self) -> int:
            return int(moment.timestamp())

    return Dated("key").sign("session")


def test_a_session_of_a_node_whose_clock_is_ahead_is_accepted() -> None:
    ahead = signed_at(now() + timedelta(seconds=90))

    assert TolerantSigner("key").unsign(ahead, max_age=60) == b"session"


def test_a_session_older_than_it_may_be_is_refused() -> None:
    old = signed_at(now() - timedelta(seconds=90))

    with pytest.raises(SignatureExpired):
        TolerantSigner("key").unsign(old, max_age=60)
    assert TolerantSigner("key").unsign(old, max_age=120) == b"session"
