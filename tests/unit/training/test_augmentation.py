"""Augmentations change their own aspect, within their bounds, and only when enabled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml.faces.preprocess import Preprocessing
from ml.lab.datasets.synthetic import synthetic_chips
from ml.lab.training.batches.augmentation import (
    GEOMETRIC,
    PHOTOMETRIC,
    Augmentation,
    Augmenter,
    motion_kernel,
)

PREPROCESSING = Preprocessing(64, "arcface")
CHIPS = synthetic_chips(1, 2, PREPROCESSING, seed=5)
NAMES = sorted([*GEOMETRIC, *PHOTOMETRIC])


def applied(item: Augmentation, seed: int = 0) -> np.ndarray:
    return Augmenter([item], PREPROCESSING)(CHIPS.wide[0], np.random.default_rng(seed))


@pytest.mark.parametrize("name", NAMES)
def test_an_augmentation_changes_the_chip_and_keeps_its_form(name: str) -> None:
    chips = [applied(Augmentation(name, probability=1.0), seed) for seed in range(5)]
    assert all(chip.shape == (64, 64, 3) and chip.dtype == np.uint8 for chip in chips)
    assert any((chip != CHIPS.served(0)).any() for chip in chips)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_generator_gives_the_same_chip(name: str) -> None:
    item = Augmentation(name, probability=1.0)
    np.testing.assert_array_equal(applied(item, seed=7), applied(item, seed=7))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"mirror"}))
def test_different_generators_give_different_chips(name: str) -> None:
    item = Augmentation(name, probability=1.0)
    assert (applied(item, seed=1) != applied(item, seed=2)).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_disabled_or_improbable_item_leaves_the_served_chip(name: str) -> None:
    item = Augmentation(name, probability=1.0)
    np.testing.assert_array_equal(applied(replace(item, enabled=False)), CHIPS.served(0))
    np.testing.assert_array_equal(applied(replace(item, probability=0.0)), CHIPS.served(0))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"mirror", "jpeg"}))
def test_without_strength_the_face_stays_as_it_is(name: str) -> None:
    chip = applied(Augmentation(name, probability=1.0, strength=0.0))
    assert np.abs(chip.astype(int) - CHIPS.served(0)).mean() < 1.0


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"mirror"}))
def test_more_strength_changes_more(name: str) -> None:
    def change(strength: float) -> float:
        item = Augmentation(name, probability=1.0, strength=strength)
        chips = [applied(item, seed).astype(int) for seed in range(20)]
        return float(np.mean([np.abs(chip - CHIPS.served(0)).mean() for chip in chips]))

    assert change(0.2) < change(1.0)


def test_mirror_is_the_exact_mirror_of_the_served_chip() -> None:
    chip = applied(Augmentation("mirror", probability=1.0))
    np.testing.assert_array_equal(chip, CHIPS.served(0)[:, ::-1])


def test_shifts_fill_the_edges_from_the_picture() -> None:
    for seed in range(20):
        chip = applied(Augmentation("crop_and_shift", probability=1.0), seed)
        edges = np.concatenate([chip[0], chip[-1], chip[:, 0], chip[:, -1]])
        assert (edges.max(axis=1) > 0).all()


def test_probability_is_the_share_of_chips_changed() -> None:
    item = Augmentation("colour", probability=0.3)
    changed = [bool((applied(item, seed) != CHIPS.served(0)).any()) for seed in range(400)]
    assert 0.22 < np.mean(changed) < 0.38


def test_all_items_together_give_a_chip_of_the_model() -> None:
    preprocessing = Preprocessing(64, "arcface", equalise="clahe", colour="grey")
    every = [Augmentation(name, probability=1.0) for name in NAMES]
    chip = Augmenter(every, preprocessing)(CHIPS.wide[0], np.random.default_rng(0))
    assert chip.shape == (64, 64, 1)


@pytest.mark.parametrize("angle", [0.0, 0.5, np.pi / 2, 3.0])
def test_a_motion_kernel_neither_brightens_nor_shifts(angle: float) -> None:
    kernel = motion_kernel(6.0, angle)
    assert kernel.sum() == pytest.approx(1.0)
    places = np.arange(len(kernel)) - len(kernel) // 2
    assert kernel.sum(axis=0) @ places == pytest.approx(0.0, abs=0.1)
    assert kernel.sum(axis=1) @ places == pytest.approx(0.0, abs=0.1)


def test_an_unknown_augmentation_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown augmentation 'miror'; known are mirror, crop_a"):
        Augmentation("miror")


@pytest.mark.parametrize("values", [{"probability": 1.5}, {"strength": -1.0}])
def test_values_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="of blur must"):
        Augmentation("blur", **values)
