from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.artifacts import load_artifact
from ml.lab.convert.dlib_file import NotADlibNetwork, read_layers
from ml.lab.convert.resnet29 import convert, published_weights
from ml.siamese.weights import load_backbone

pytestmark = pytest.mark.slow

dlib = pytest.importorskip("dlib", reason="dlib-bin is not installed")


@pytest.fixture(scope="module")
def file() -> bytes:
    return published_weights().read_bytes()


@pytest.fixture(scope="module")
def original_embeddings(chips) -> np.ndarray:
    network = dlib.face_recognition_model_v1(str(published_weights()))
    return np.array([network.compute_face_descriptor(chip) for chip in chips])


def test_converted_network_agrees_with_the_original(file, chips, original_embeddings):
    ours = convert(file)(chips.astype(np.float32)).numpy()
    np.testing.assert_allclose(ours, original_embeddings, atol=1e-5)


def test_shipped_half_precision_weights_agree_with_the_original(chips, original_embeddings):
    ours = load_backbone(load_artifact("open"))(chips.astype(np.float32)).numpy()
    np.testing.assert_allclose(ours, original_embeddings, atol=1e-3)


def test_another_architecture_is_refused(file):
    first_layer_only = file[: file.index(b"relu_")]
    with pytest.raises(NotADlibNetwork, match="another sequence"):
        convert(first_layer_only)


@given(st.binary(max_size=200))
def test_foreign_bytes_hold_no_layers_or_are_refused(data):
    with contextlib.suppress(NotADlibNetwork, IndexError):
        list(read_layers(b"\x01\x05con_4" + data))
