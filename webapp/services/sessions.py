"""Signing in and out: password, second factor, and the sessions that result."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete

from webapp.database import unit_of_work
from webapp.errors import WrongCode, WrongCredentials
from webapp.extensions import db
from webapp.models import Account, AccountSession, now
from webapp.recognition import recognition
from webapp.services import accounts, audit, failures, second_factor
from webapp.services.failures import WITH_PASSWORDS
from webapp.services.passwords import fits, nobodys_hash


def check_password(username: str, password: str) -> Account:
    """Find the account that a name and a password belong to.

    Raises:
        WrongCredentials: if there is none; it takes as long for an unknown name.
        MustWait: after failures in a row, for known and unknown names alike.
    """
    digest = accounts.sign_in_digest(username)
    failures.check(digest, WITH_PASSWORDS)
    cost = recognition().settings.password_cost
    account = accounts.find_named(username)
    password_hash = account.password_hash if account else nobodys_hash(cost)
    right = fits(password_hash, password, cost)
    with unit_of_work() as session:
        failures.check(digest, WITH_PASSWORDS)  # others may have tried meanwhile
        if not right or account is None:
            failures.count_failure(session, digest)
            audit.record(session, "sign_in_refused", subject=account.id if account else None)
    if not right or account is None:
        raise WrongCredentials
    return account


def begin(account: Account, code: str = "") -> AccountSession:
    """Begin a session of an account whose password was right.

    Raises:
        WrongCode: if the account has a second factor and the code does not belong to it.
        MustWait: after failures in a row.
    """
    account_id, digest = account.id, accounts.sign_in_digest(account.username)
    with unit_of_work() as session:
        failures.check(digest, WITH_PASSWORDS)
        right = account.totp is None or second_factor.accept(session, account, code)
        begun = AccountSession(id=uuid4(), account_id=account_id)
        if right:
            failures.forget(session, digest)
            session.add(begun)
            audit.record(session, "signed_in", account_id)
        else:
            failures.count_failure(session, digest)
            audit.record(session, "code_refused", subject=account_id)
    if not right:
        raise WrongCode
    return begun


def end(session_id: UUID, account_id: UUID) -> None:
    """End a session, wherever its cookie may have gone."""
    with unit_of_work() as session:
        session.execute(delete(AccountSession).where(AccountSession.id == session_id))
        audit.record(session, "signed_out", account_id)


def end_all(account_id: UUID) -> None:
    """Sign an account out everywhere."""
    with unit_of_work() as session:
        accounts.sign_out_everywhere(session, account_id)
        audit.record(session, "signed_out_everywhere", account_id)


def end_old() -> None:
    """Delete the rows of sessions that are too old."""
    with unit_of_work() as session:
        session.execute(delete(AccountSession).where(AccountSession.created_at < _oldest()))


def find(session_id: str) -> AccountSession | None:
    """The session of an id, unless it ended or is too old."""
    try:
        found = db.session.get(AccountSession, UUID(session_id))
    except ValueError:
        return None
    return found if found and found.created_at >= _oldest() else None


def _oldest() -> datetime:
    return now() - timedelta(hours=recognition().settings.longest_session_hours)
