"""The audit log, and an attacker who changes it."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from webapp.db.engine import db, writing
from webapp.db.models import AuditEntry


def events() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.event).order_by(AuditEntry.number)))


def tamper(*statements: str) -> None:
    """Change the log as an attacker who may write to the database but has no key."""
    db.session.rollback()
    table = " ON audit_entry" if db.engine.dialect.name == "postgresql" else ""
    with db.engine.connect().execution_options(**writing(db.engine)) as database:
        for trigger in ("update", "delete"):
            database.exec_driver_sql(f"DROP TRIGGER audit_entry_no_{trigger}{table}")
        for statement in statements:
            database.exec_driver_sql(statement)
        database.commit()
    db.session.expire_all()


def verified(app: Flask) -> str:
    db.session.expire_all()
    result = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert (result.exit_code == 0) == ("entries are valid." in result.output), result.output
    return result.output
