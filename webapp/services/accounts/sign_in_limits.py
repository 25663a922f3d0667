"""Which failures to sign in are counted together, and the browsers that are known to accounts.

Nobody may keep the owner of an account out by failing in their place, and nobody may try many
passwords. So wrong passwords are counted by network, by its site and by account; those of a browser
in which the account signed in before are counted apart (OWASP's device cookies).
"""

from __future__ import annotations

import secrets
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from webapp.core.network import client_network, client_site
from webapp.core.request_origin import address
from webapp.core.text import comparison_key
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Account, KnownBrowser, now
from webapp.services.matching import lockout
from webapp.services.matching.lockout import Bound, Counter

TOKEN_BYTES = 32
MOST_BROWSERS = 10


def name_digest(username: str) -> bytes:
    """Return what every count against an account's name points to."""
    return key_store().secrets.keyed_digest("sign-in", comparison_key(username))


def password_counters(username: str, device: str | None) -> tuple[Counter[Bound], ...]:
    """Return where a wrong password is counted; `device` is the browser's device cookie."""
    browser = _known_browser(username, device)
    if browser:
        return (_of_browser(username, browser),)
    asking = address()
    return (
        _counter(username, f"network {client_network(asking)}", lockout.FROM_A_NETWORK),
        _counter(username, f"site {client_site(asking)}", lockout.FROM_A_SITE),
        _counter(username, "everywhere", lockout.FROM_EVERYWHERE),
    )


def code_counter(username: str, device: str | None) -> Counter[Bound]:
    """Return where a wrong code is counted, which only a right password allows to be tried."""
    browser = _known_browser(username, device)
    if browser:
        return _of_browser(username, browser)
    return _counter(username, "codes", lockout.WITH_CODES)


def reset(session: Session, username: str, device: str | None) -> None:
    """Reset the counts of failures in a row after a sign-in, in the running transaction.

    What is counted by the hour stays, so that signing in allows nobody more tries.
    """
    counters = (*password_counters(username, device), code_counter(username, device))
    lockout.reset(session, *(one for one in counters if one.bound.in_a_row))


def remember_browser(session: Session, account_id: UUID, device: str | None) -> str:
    """Know a browser from now on, in the running transaction; returns its device cookie.

    Accounts that share a browser share its cookie. Of one account the newest MOST_BROWSERS stay.
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
    """Know the browsers of an account no longer, but for one, in the running transaction."""
    gone = delete(KnownBrowser).where(KnownBrowser.account_id == account_id)
    if but is not None:
        gone = gone.where(KnownBrowser.digest != _device_digest(but))
    session.execute(gone)


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
