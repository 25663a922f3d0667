"""Lockout counters of sign-ins, and the browsers known to accounts.

Nobody may lock the owner out by failing in their place, and nobody may try many passwords. Wrong
passwords are therefore counted by network, by site and by account. Failures from a browser that
signed in to the account before have a separate counter (OWASP device cookies).
"""

from __future__ import annotations

import secrets
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.core.network import client_network, client_site
from webapp.core.text import comparison_key
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Account, KnownBrowser, now
from webapp.services.matching import lockout
from webapp.services.matching.lockout import Bound, Counter

TOKEN_BYTES = 32
MOST_BROWSERS = 10


def name_digest(username: str) -> bytes:
    """Return the digest that all counters against an account's name refer to."""
    return key_store().secrets.keyed_digest("sign-in", comparison_key(username))


def password_counters(
    username: str, actor: Actor, device: str | None
) -> tuple[Counter[Bound], ...]:
    """Return the counters of a wrong password; `device` is the browser's device cookie."""
    browser = _known_browser(username, device)
    if browser:
        return (_of_browser(username, browser),)
    return (
        _counter(username, f"network {client_network(actor.address)}", lockout.FROM_A_NETWORK),
        _counter(username, f"site {client_site(actor.address)}", lockout.FROM_A_SITE),
        _counter(username, "everywhere", lockout.FROM_EVERYWHERE),
    )


def code_counter(username: str, device: str | None) -> Counter[Bound]:
    """Return the counter of a wrong code, which requires a correct password first."""
    browser = _known_browser(username, device)
    if browser:
        return _of_browser(username, browser)
    return _counter(username, "codes", lockout.WITH_CODES)


def reset(session: Session, username: str, actor: Actor, device: str | None) -> None:
    """Reset the counters of failures in a row after a sign-in, in the running transaction.

    Hourly budgets stay, so that a sign-in grants no further tries.
    """
    counters = (*password_counters(username, actor, device), code_counter(username, device))
    lockout.reset(session, *(one for one in counters if one.bound.in_a_row))


def remember_browser(session: Session, account_id: UUID, device: str | None) -> str:
    """Remember a browser in the running transaction, and return its device cookie.

    Accounts that share a browser share its cookie. An account keeps its newest MOST_BROWSERS.
    """
    if device is None or not _was_made_here(device):
        device = secrets.token_urlsafe(TOKEN_BYTES)
    of_account = select(KnownBrowser).where(KnownBrowser.account_id == account_id)
    known = session.scalar(of_account.where(KnownBrowser.digest == _device_digest(device)))
    if known:
        known.last_used_at = now()
        return device
    session.add(KnownBrowser(account_id=account_id, digest=_device_digest(device)))
    session.flush()
    newest_first = of_account.order_by(KnownBrowser.last_used_at.desc(), KnownBrowser.id)
    for old in session.scalars(newest_first.offset(MOST_BROWSERS)):
        session.delete(old)
    return device


def forget_browsers(session: Session, account_id: UUID, but: str | None = None) -> None:
    """Forget the browsers of an account except `but`, in the running transaction."""
    statement = delete(KnownBrowser).where(KnownBrowser.account_id == account_id)
    if but is not None:
        statement = statement.where(KnownBrowser.digest != _device_digest(but))
    session.execute(statement)


def _known_browser(username: str, device: str | None) -> UUID | None:
    if device is None:
        return None
    return db.session.scalar(
        select(KnownBrowser.id)
        .join(Account, Account.id == KnownBrowser.account_id)
        .where(
            Account.username_key == comparison_key(username),
            KnownBrowser.digest == _device_digest(device),
        )
    )


def _of_browser(username: str, browser: UUID) -> Counter[Bound]:
    return _counter(username, f"browser {browser.hex}", lockout.FROM_A_KNOWN_BROWSER)


def _counter(username: str, source: str, bound: Bound) -> Counter[Bound]:
    against = name_digest(username)
    digest = key_store().secrets.keyed_digest("sign-in from", against + source.encode())
    return Counter(digest, bound, against)


def _was_made_here(device: str) -> bool:
    known = select(exists().where(KnownBrowser.digest == _device_digest(device)))
    return bool(db.session.scalar(known))


def _device_digest(device: str) -> bytes:
    return key_store().secrets.keyed_digest("device cookie", device)
