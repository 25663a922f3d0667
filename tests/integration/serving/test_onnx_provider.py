"""Each start logs the execution provider, and refuses an absent accelerator."""

from __future__ import annotations

import logging

import pytest

from tests.support.changed import changed
from webapp import create_app
from webapp.inference.active_model import active_model
from webapp.settings import Settings
from webapp.startup.not_ready import NotReady
from webapp.startup.prepare import get_ready


def test_a_start_logs_the_execution_provider(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(settings)

    with caplog.at_level(logging.INFO, "webapp"), app.app_context():
        model_id = active_model().engine.model_id

    assert f"{model_id} computes on CPUExecutionProvider" in caplog.messages


def test_a_start_refuses_an_absent_accelerator(settings: Settings) -> None:
    app = create_app(changed(settings, onnx_provider="coreml"))

    with pytest.raises(NotReady, match=r"ONNX_PROVIDER is coreml.*ONNX_PROVIDER=cpu"):
        get_ready(app)
