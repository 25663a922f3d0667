from __future__ import annotations

import pytest

from ml.calibration.calibration import Calibration
from tests.unit.ml.shipped_calibration import SHIPPED, shipped


@pytest.fixture(scope="module", params=SHIPPED)
def calibration(request: pytest.FixtureRequest) -> Calibration:
    """Return the calibration of each shipped model."""
    return shipped(request.param)
