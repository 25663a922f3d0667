from __future__ import annotations

from pathlib import Path

import pytest

from ml import load_artifact
from ml.lab.evaluation.measure import measure_model
from ml.lab.evaluation.measures.figures import pair_figures
from ml.lab.evaluation.protocols.protocols import find_protocol

# Other processors round differently: a few of 6,000 pairs may change sides.
TWO_PAIRS = 2 / 6000


@pytest.mark.long
@pytest.mark.data
def test_the_figures_that_ship_with_the_model_are_measured_again(tmp_path: Path):
    artifact = load_artifact("open")
    shipped = artifact.metrics()["lfw_view2"]
    measured = pair_figures(measure_model(artifact, find_protocol("lfw"), None, cache=tmp_path))
    for view in ("single", "mirrored"):
        assert measured[view]["accuracy"] == pytest.approx(shipped[view]["accuracy"], abs=TWO_PAIRS)
        assert measured[view]["failures_to_enrol"] == shipped[view]["failures_to_enrol"]
    for name in ("tar_at_far_1e-3", "tar_at_far_1e-4"):
        again = measured["all_impostor_pairs"][name]["value"]
        assert again == pytest.approx(shipped["all_impostor_pairs"][name]["value"], abs=0.005)
