"""Signing in and out: password, second factor, and the sessions that result."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.core.request_origin import address
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Account, AccountSession, PendingSignIn, now
from webapp.db.transactions import unit_of_work
from webapp.errors.accounts import SignInOver, WrongCode, WrongCredentials
from webapp.services import audit
from webapp.services.accounts import accounts, sign_in_limits, two_factor
from webapp.services.accounts.passwords import fits, nobodys_hash
from webapp.services.accounts.sign_in_limits import code_counter, password_counters
from webapp.services.matching import lockout
from webapp.settings import current_settings

TOKEN_BYTES = 32
TIME_FOR_CODE = timedelta(minutes=5)


@dataclass(frozen=True)
class Browser:
    """The browser in front of the sign-in page: its device cookie, and a name to show."""

    device: str | None = field(default=None, repr=False)
    label: str | None = None


@dataclass(frozen=True)
class RightPassword:
    """Whose password was right, and which hash it fitted: it may be changed meanwhile."""

    account_id: UUID
    username: str
    password_hash: str = field(repr=False)


@dataclass(frozen=True)
class StartedSession:
    """A session that was begun.

    `token` goes into the session cookie, `device` into the device cookie. `failed_tries` counts
    wrong passwords and codes since the sign-in before.
    """

    session: AccountSession
    token: str = field(repr=False)
    device: str = field(repr=False)
    failed_tries: int


@dataclass(frozen=True)
class CodeNeeded:
    """The password was right, and a code must follow with this token."""

    token: str = field(repr=False)


def check_password(username: str, password: str, device: str | None = None) -> RightPassword:
    """Find the account that a name and a password belong to.

    Args:
        username: as typed.
        password: as typed.
        device: the browser's device cookie, if it has one.

    Raises:
        WrongCredentials: if there is none; it takes as long for an unknown name.
        MustWait: after failures in a row, for known and unknown names alike.
    """
    counters = password_counters(username, device)
    lockout.check(*counters)
    cost = current_settings().password_cost
    account = accounts.find_named(username)
    password_hash = account.password_hash if account else nobodys_hash(cost)
    found = RightPassword(account.id, account.username, password_hash) if account else None
    right = fits(password_hash, password, cost)
    with unit_of_work() as session:
        lockout.check(*counters)  # others may have tried meanwhile
        if right and found:
            return found
        for counter in counters:
            lockout.count_failure(session, counter)
        subject = found.account_id if found else None
        tried = update(Account).where(Account.id == subject)
        session.execute(tried.values(failed_tries=Account.failed_tries + 1))
        audit.record(session, "sign_in_refused", subject=subject)
    raise WrongCredentials


def sign_in(username: str, password: str, browser: Browser) -> StartedSession | CodeNeeded:
    """Begin a session, or where the account has a second factor the wait for its code.

    Raises:
        WrongCredentials, MustWait: as `check_password`.
    """
    right = check_password(username, password, browser.device)
    with unit_of_work() as session:
        account = session.get(Account, right.account_id)
        if account is None or account.password_hash != right.password_hash:
            raise WrongCredentials  # changed since it was checked
        if account.totp is None:
            return _begin(session, account, browser)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        session.add(
            PendingSignIn(
                account_id=account.id,
                digest=_digest("pending sign-in", token),
                expires_at=now() + TIME_FOR_CODE,
            )
        )
        return CodeNeeded(token)


def check_pending(token: str | None) -> None:
    """Check that a sign-in waits for its code.

    Raises:
        SignInOver: if it took too long, or the account changed since.
    """
    _pending(token)


def confirm(token: str | None, code: str, browser: Browser) -> StartedSession:
    """Begin the session of a sign-in that waits for its code.

    Raises:
        SignInOver: if it took too long, or the account changed since.
        WrongCode: if the code does not belong to the account.
        MustWait: after failures in a row.
    """
    with unit_of_work() as session:
        pending = _pending(token)
        account = pending.account
        counter = code_counter(account.username, browser.device)
        lockout.check(counter)
        if two_factor.accept(session, account, code):
            session.delete(pending)
            return _begin(session, account, browser)
        lockout.count_failure(session, counter)
        account.failed_tries += 1
        audit.record(session, "code_refused", subject=account.id)
    raise WrongCode


def end(session_id: UUID, account_id: UUID) -> None:
    """End a session, wherever its cookie may have gone."""
    with unit_of_work() as session:
        session.execute(delete(AccountSession).where(AccountSession.id == session_id))
        audit.record(session, "signed_out", account_id)


def end_some(account_id: UUID, session_ids: Sequence[UUID]) -> None:
    """End some sessions of an account; those of others are left alone."""
    with unit_of_work() as session:
        of_account = AccountSession.account_id == account_id
        session.execute(
            delete(AccountSession).where(of_account, AccountSession.id.in_(session_ids))
        )
        audit.record(session, "sessions_ended", account_id, sessions=len(session_ids))


def end_all(account_id: UUID, device: str | None = None) -> None:
    """Sign an account out everywhere; the browser of this device cookie stays known."""
    with unit_of_work() as session:
        accounts.sign_out_everywhere(session, account_id, known_still=device)
        audit.record(session, "signed_out_everywhere", account_id)


def end_old() -> None:
    """Delete the rows of sessions that are too old, and of sign-ins that came to nothing."""
    with unit_of_work() as session:
        session.execute(delete(AccountSession).where(AccountSession.created_at < _oldest()))
        session.execute(delete(PendingSignIn).where(PendingSignIn.expires_at < now()))


def find(token: str) -> AccountSession | None:
    """The session of a token, unless it ended or is too old."""
    digest = _digest("session", token)
    found = db.session.scalar(select(AccountSession).where(AccountSession.digest == digest))
    return found if found and found.created_at >= _oldest() else None


def list_sessions(account_id: UUID) -> Sequence[AccountSession]:
    """The sessions of an account that were not ended, newest first."""
    of_account = select(AccountSession).where(
        AccountSession.account_id == account_id, AccountSession.created_at >= _oldest()
    )
    newest_first = of_account.order_by(AccountSession.created_at.desc(), AccountSession.id)
    return db.session.scalars(newest_first).all()


def _begin(session: Session, account: Account, browser: Browser) -> StartedSession:
    token, failed_tries = secrets.token_urlsafe(TOKEN_BYTES), account.failed_tries
    begun = AccountSession(
        id=uuid4(),
        account_id=account.id,
        digest=_digest("session", token),
        browser=browser.label,
        address=address(),
    )
    session.add(begun)
    sign_in_limits.reset(session, account.username, browser.device)
    account.failed_tries = 0
    device = sign_in_limits.remember_browser(session, account.id, browser.device)
    audit.record(session, "signed_in", account.id)
    return StartedSession(begun, token, device, failed_tries)


def _pending(token: str | None) -> PendingSignIn:
    digest = _digest("pending sign-in", token or "")
    pending = db.session.scalar(select(PendingSignIn).where(PendingSignIn.digest == digest))
    if pending is None or pending.expires_at <= now() or pending.account.totp is None:
        raise SignInOver
    return pending


def _digest(purpose: str, token: str) -> bytes:
    return key_store().secrets.keyed_digest(purpose, token)


def _oldest() -> datetime:
    return now() - timedelta(hours=current_settings().longest_session_hours)
