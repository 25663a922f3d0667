from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_gunicorn_does_not_load_the_runtime_before_it_forks() -> None:
    """The runtime's threads do not exist in the fork, which would abort at its end."""
    code = "import sys, ml; sys.exit('onnxruntime' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_the_app_and_loading_its_model_imports_nothing_that_trains() -> None:
    laboratory = {"tensorflow", "keras", "mtcnn", "ai_edge_litert", "onnx", "tf2onnx"}
    code = (
        "import sys, wsgi, ml; ml.load_engine().warm_up(); "
        f"sys.exit(bool({laboratory} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
