"""Helpers of the tests of API keys."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from siamese_faces import Problem
from sqlalchemy import select

from tests.support.installation import PASSWORD
from tests.support.programs import program
from webapp.db.engine import db
from webapp.db.models import AuditEntry

FIELDS = {
    "name": "till",
    "scopes": "read",
    "days": "30",
    "limit": "60 per minute",
    "current": PASSWORD,
}


SECRET = re.compile(r"sf_[0-9a-f]{32}_[\w-]+")


def refusal(app: Flask, key: str) -> str:
    with program(app, key) as client, pytest.raises(Problem) as refused:
        client.thresholds()
    return refused.value.code


def events(name: str) -> list[AuditEntry]:
    return list(db.session.scalars(select(AuditEntry).where(AuditEntry.event == name)))
