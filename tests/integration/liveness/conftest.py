from __future__ import annotations

import pytest


@pytest.fixture
def ada(guarded: None, enrol):
    return enrol("ada")


@pytest.fixture
def bob(guarded: None, enrol):
    return enrol("bob")
