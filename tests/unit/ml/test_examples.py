"""Run the `>>>` examples of the docstrings."""

import doctest
from collections.abc import Mapping

import pytest

import ml.calibration.calibration
import ml.error_rates
import ml.matching
from ml import ARTIFACTS, DEFAULT_MODEL, load_artifact, load_calibration


@pytest.mark.parametrize(
    "module", [ml.error_rates, ml.matching], ids=lambda module: module.__name__
)
def test_examples_in_docstrings_hold(module):
    run(module)


def test_examples_of_the_calibration_hold():
    artifact = load_artifact(DEFAULT_MODEL)
    calibration = load_calibration(ARTIFACTS / DEFAULT_MODEL, artifact.model_id)
    run(ml.calibration.calibration, {"calibration": calibration})


def run(module, names: Mapping[str, object] | None = None):
    result = doctest.testmod(module, extraglobs=names, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0
