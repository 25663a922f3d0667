from __future__ import annotations

import numpy as np
import pytest

import ml
from ml.faces.detector.detect import Detector
from tests.support.faces import opened, portraits


@pytest.fixture(scope="session")
def detector(real_engine: ml.Engine) -> Detector:
    """Return the detector of the shipped model, warm."""
    return real_engine.detector


@pytest.fixture(scope="session", params=["Eileen Collins", "Grace Hopper"])
def portrait(request: pytest.FixtureRequest) -> np.ndarray:
    """Return a public-domain portrait, uint8 (h, w, 3)."""
    person = next(person for person in portraits() if person.name == request.param)
    return np.asarray(opened(person.photos[0]))
