"""A setting chooses the execution provider; an absent accelerator is refused."""

from __future__ import annotations

import numpy as np
import pytest
from onnxruntime import get_available_providers

import ml
from tests.support.faces import portraits


def test_the_processor_computes_by_default() -> None:
    assert ml.load_engine("compact").embedder.provider == "CPUExecutionProvider"


@pytest.mark.parametrize("provider", ["cuda", "coreml"])
def test_an_accelerator_missing_in_the_wheel_is_refused_with_the_remedy(
    provider: ml.Provider,
) -> None:
    with pytest.raises(ml.ArtifactError, match=f"ONNX_PROVIDER is {provider}.*ONNX_PROVIDER=cpu"):
        ml.load_engine("compact", provider=provider)


def test_every_installed_provider_embeds_as_the_processor_does() -> None:
    photo = portraits()[0].photos[0]
    expected = ml.load_engine("compact").analyse(photo, purpose="verify").embedding
    installed = " ".join(get_available_providers()).lower()
    for provider in (known for known in ml.PROVIDERS if known in installed):
        engine = ml.load_engine("compact", provider=provider)
        found = engine.analyse(photo, purpose="verify").embedding
        assert np.abs(found - expected).max() < 1e-4
