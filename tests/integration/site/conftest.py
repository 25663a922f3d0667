from __future__ import annotations

import pytest
from flask import Flask


@pytest.fixture
def ada(app: Flask, enrol):
    return enrol("ada", "Ada Lovelace")
