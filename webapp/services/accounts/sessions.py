"""Sign-in with password and second factor, and the resulting sessions."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.core.actor import Actor
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
    """The browser that signs in: its device cookie, and a label to show."""

    device: str | None = field(default=None, repr=False)
    label: str | None = None


@dataclass(frozen=True)
class RightPassword:
    """The account of a correct password, and the hash it matched, which may change meanwhile."""

    account_id: UUID
    username: str
    password_hash: str = field(repr=False)


@dataclass(frozen=True)
class StartedSession:
    """A started session.

    `token` goes into the session cookie, `device` into the device cookie. `failed_tries` counts
    wrong passwords and codes since the previous sign-in.
    """

    session: AccountSession
    token: str = field(repr=False)
    device: str = field(repr=False)
    failed_tries: int


@dataclass(frozen=True)
class CodeNeeded:
    """The password was correct; a code must follow with this token."""

    token: str = field(repr=False)


def check_password(
    username: str, password: str, actor: Actor, device: str | None = None
) -> RightPassword:
    """Return the account that a name and a password belong to.

    Args:
        username: as typed.
        password: as typed.
        actor: the client, whose network failures count for.
        device: device cookie of the browser, if it has one.

    Raises:
        WrongCredentials: if there is no such account; takes equally long for an unknown name.
        MustWait: after several failures, for known and unknown names alike.
    """
    counters = password_counters(username, actor, device)
    lockout.check(*counters)
    cost = current_settings().password_cost
    account = accounts.find_named(username)
    password_hash = account.password_hash if account else nobodys_hash(cost)
    found = RightPassword(account.id, account.username, password_hash) if account else None
    right = fits(password_hash, password, cost)
    with unit_of_work() as session:
        lockout.check(*counters)  # concurrent attempts may have failed
        if right and found:
            return found
        for counter in counters:
            lockout.count_failure(session, counter)
        subject = found.account_id if found else None
        tried = update(Account).where(Account.id == subject)
        session.execute(tried.values(failed_tries=Account.failed_tries + 1))
        audit.record(session, "sign_in_refused", actor, subject=subject)
    raise WrongCredentials


def sign_in(
    username: str, password: str, browser: Browser, actor: Actor
) -> StartedSession | CodeNeeded:
    """Start a session, or a pending sign-in if the account has a second factor.

    Raises:
        WrongCredentials, MustWait: as `check_password`.
    """
    right = check_password(username, password, actor, browser.device)
    with unit_of_work() as session:
        account = session.get(Account, right.account_id)
        if account is None or account.password_hash != right.password_hash:
            raise WrongCredentials  # changed since it was checked
        if account.totp is None:
            return _begin(session, account, browser, actor)
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
    """Check that a sign-in is pending.

    Raises:
        SignInOver: if it has expired, or the account changed since.
    """
    _pending(token)


def confirm(token: str | None, code: str, browser: Browser, actor: Actor) -> StartedSession:
    """Complete a pending sign-in with a code, and start its session.

    Raises:
        SignInOver: if it has expired, or the account changed since.
        WrongCode: if the code does not belong to the account.
        MustWait: after several failures.
    """
    with unit_of_work() as session:
        pending = _pending(token)
        account = pending.account
        counter = code_counter(account.username, browser.device)
        lockout.check(counter)
        if two_factor.accept(session, account, code):
            session.delete(pending)
            return _begin(session, account, browser, actor)
        lockout.count_failure(session, counter)
        account.failed_tries += 1
        audit.record(session, "code_refused", actor, subject=account.id)
    raise WrongCode


def end(session_id: UUID, actor: Actor) -> None:
    """End a session."""
    with unit_of_work() as session:
        session.execute(delete(AccountSession).where(AccountSession.id == session_id))
        audit.record(session, "signed_out", actor)


def end_some(account_id: UUID, session_ids: Sequence[UUID], actor: Actor) -> None:
    """End the given sessions of an account; ignore those of other accounts."""
    with unit_of_work() as session:
        of_account = AccountSession.account_id == account_id
        session.execute(
            delete(AccountSession).where(of_account, AccountSession.id.in_(session_ids))
        )
        audit.record(session, "sessions_ended", actor, sessions=len(session_ids))


def end_all(account_id: UUID, actor: Actor, device: str | None = None) -> None:
    """Sign an account out everywhere; the browser of the device cookie `device` stays known."""
    with unit_of_work() as session:
        accounts.sign_out_everywhere(session, account_id, known_still=device)
        audit.record(session, "signed_out_everywhere", actor)


def end_old() -> None:
    """Delete expired sessions and pending sign-ins."""
    with unit_of_work() as session:
        session.execute(delete(AccountSession).where(AccountSession.created_at < _oldest()))
        session.execute(delete(PendingSignIn).where(PendingSignIn.expires_at < now()))


def find(token: str) -> AccountSession | None:
    """Return the session of a token; None if it has ended or expired."""
    digest = _digest("session", token)
    found = db.session.scalar(select(AccountSession).where(AccountSession.digest == digest))
    return found if found and found.created_at >= _oldest() else None


def list_sessions(account_id: UUID) -> Sequence[AccountSession]:
    """Return the active sessions of an account, newest first."""
    of_account = select(AccountSession).where(
        AccountSession.account_id == account_id, AccountSession.created_at >= _oldest()
    )
    newest_first = of_account.order_by(AccountSession.created_at.desc(), AccountSession.id)
    return db.session.scalars(newest_first).all()


def _begin(session: Session, account: Account, browser: Browser, actor: Actor) -> StartedSession:
    token, failed_tries = secrets.token_urlsafe(TOKEN_BYTES), account.failed_tries
    row = AccountSession(
        id=uuid4(),
        account_id=account.id,
        digest=_digest("session", token),
        browser=browser.label,
        address=actor.address,
    )
    session.add(row)
    sign_in_limits.reset(session, account.username, actor, browser.device)
    account.failed_tries = 0
    device = sign_in_limits.remember_browser(session, account.id, browser.device)
    audit.record(session, "signed_in", replace(actor, account=account.id))
    return StartedSession(row, token, device, failed_tries)


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
