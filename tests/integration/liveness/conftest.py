from __future__ import annotations

import pytest
from flask import Flask

from webapp.core.actor import SERVER
from webapp.db.models import ChallengeScope
from webapp.services.liveness import setting
from webapp.services.liveness.setting import Liveness


@pytest.fixture
def guarded(app: Flask) -> None:
    setting.change(Liveness(ChallengeScope.ENROLMENT, "gentle"), "photos were shown", SERVER)


@pytest.fixture
def ada(guarded: None, enrol):
    return enrol("ada")


@pytest.fixture
def bob(guarded: None, enrol):
    return enrol("bob")
