"""A wrong configuration is rejected with a helpful text."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from ml.faces.align import TEMPLATES
from ml.lab.training.config import ExperimentConfig, read_config
from ml.lab.training.toml_config import ConfigError, from_table
from ml.siamese.backbones import MODULES
from ml.siamese.losses import CLASSES

ROOT = Path(__file__).parents[3]
CONFIGS = ROOT / "ml" / "lab" / "configs"
SMALLEST = """
name = "x"
[artifact]
title = "x"
[preprocessing]
image_size = 64
[network]
backbone = "compact"
embedding_size = 8
[data]
folder = "people"
"""


def table(**changes: Any) -> dict[str, Any]:
    return tomllib.loads(SMALLEST) | changes


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_experiment_is_valid_and_named_like_its_file(path: Path) -> None:
    assert read_config(path).name == path.stem


def test_an_omitted_option_has_its_default() -> None:
    config = from_table(ExperimentConfig, table())
    assert config.loss.name == "contrastive"
    assert config.distil is None
    assert config.augmentations == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sede": 2}, r"unknown key sede; did you mean seed\? Known here: name, artifact"),
        ({"batch": {"peeple": 3}}, r"unknown key batch\.peeple; did you mean people\?"),
        ({"batch": {"x": 3}}, r"unknown key batch\.x Known here: sampler, people, pictures"),
        ({"seed": "one"}, r"seed must be a value of type int, not 'one'"),
        ({"seed": True}, r"seed must be a value of type int, not True"),
        ({"augment": 1}, r"augment must be a value of type bool, not 1"),
        ({"batch": 3}, r"batch must be a table, not 3"),
        ({"batch": {"sampler": "all"}}, r"batch\.sampler must be one of people, pairs, not 'all'"),
        ({"batch": {"people": 1}}, r"batch: a batch needs 2 people or more"),
        ({"augmentation": {"name": "blur"}}, r"augmentation must be a list"),
        ({"augmentation": [{"name": "blur"}, {}]}, r"augmentation\[2\]\.name is missing"),
        ({"augmentation": [{"name": "blurr"}]}, r"augmentation\[1\]: unknown augmentation 'blurr'"),
        ({"network": {"backbone": "koch"}}, r"network\.embedding_size is missing"),
        (
            {"network": {"backbone": "vgg", "embedding_size": 8}},
            r"unknown backbone 'vgg'; known are compact, duet, koch, mobilefacenet, "
            r"mobilefacenet_short, mobilenet, resnet29, resnet50",
        ),
        ({"loss": {"name": "hinge"}}, r"loss: unknown loss 'hinge'; known are arcface, contr"),
        ({"loss": {"weight": 0.0}}, r"with loss\.weight 0 there must be a teacher"),
        ({"preprocessing": {"image_size": 0}}, r"preprocessing: image_size must be positive"),
        ({"data": {}}, r"data: give either a folder or drawn people"),
        ({"name": "a/b"}, r"usable as a folder's name"),
        ({"batch": {"unlabelled": 4}}, r"batch\.unlabelled needs distil\.folder"),
        ({"run": {"steps": 0}}, r"run: steps, validate_every and patience must be 1 or more"),
    ],
)
def test_a_wrong_value_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_table(ExperimentConfig, table(**changes))


def test_a_whole_number_will_do_for_a_fraction() -> None:
    config = from_table(ExperimentConfig, table(optimiser={"rate": 1}))
    assert config.optimiser.rate == 1.0


def test_one_switch_turns_all_augmentation_off() -> None:
    items = [{"name": "blur"}, {"name": "mirror"}]
    assert len(from_table(ExperimentConfig, table(augmentation=items)).augmentations) == 2
    off = from_table(ExperimentConfig, table(augmentation=items, augment=False))
    assert off.augmentations == ()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: No such file"):
        read_config(tmp_path / "none.toml")


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("name = ")
    with pytest.raises(ConfigError, match=r"bad\.toml: Invalid value"):
        read_config(path)


def test_the_page_names_every_backbone_template_and_loss() -> None:
    page = (ROOT / "docs" / "how-to" / "train.md").read_text()
    assert [name for name in (*MODULES, *TEMPLATES, *CLASSES) if f"`{name}`" not in page] == []
