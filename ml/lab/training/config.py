"""What an experiment is: one TOML file, read into these dataclasses.

Every key is explained here and nowhere else. Folders are relative to the working directory.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ml.artifacts import DEFAULT_MODEL, NetworkConfig, Terms
from ml.faces.preprocess import Preprocessing
from ml.lab.training.batches.augmentation import Augmentation
from ml.lab.training.toml_config import ConfigError, from_table
from ml.siamese.backbones import MODULES
from ml.siamese.losses import require_loss


@dataclass(frozen=True)
class SyntheticData:
    """Drawn people instead of a folder: how many, with how many views of each."""

    people: int
    views: int


@dataclass(frozen=True)
class DataConfig:
    """What is learned from.

    Attributes:
        folder: one sub-folder a person.
        drawn: drawn people instead of the folder.
        validation_share: of the people, who judge when to stop, 0 to 1.
        test_share: of the people, kept for the figures at the end; 0 for none.
        drop_near: folders, one sub-folder a person; people near any of theirs are not used.
        near_person: cosine of two people's mean embeddings, by `judge`, from which on they are
            taken for one person, here and across the splits.
        near_copy: cosine of two pictures' embeddings, by `judge`, from which on they are taken
            for one picture, across the splits.
        stray: pictures less similar than that to their person's others, by `judge`, are left out
            of training as mislabelled; -1 keeps all.
        judge: the model that finds people and pictures too near; "" skips all of that.
    """

    folder: str = ""
    drawn: SyntheticData | None = None
    validation_share: float = 0.15
    test_share: float = 0.0
    drop_near: tuple[str, ...] = ()
    near_person: float = 0.96
    near_copy: float = 0.995
    stray: float = -1.0
    judge: str = DEFAULT_MODEL

    def __post_init__(self) -> None:
        if bool(self.folder) == bool(self.drawn):
            raise ValueError("give either a folder or drawn people")
        if not 0 < self.validation_share < 1 or not 0 <= self.test_share < 1:
            raise ValueError("validation_share and test_share must lie between 0 and 1")


@dataclass(frozen=True)
class BatchConfig:
    """What a batch holds.

    Attributes:
        sampler: "people" draws `people` × `pictures`; "pairs" draws people × pictures / 2 pairs,
            half genuine.
        people: P.
        pictures: K, of each person.
        unlabelled: pictures from `distil.folder` besides.
    """

    sampler: Literal["people", "pairs"] = "people"
    people: int = 16
    pictures: int = 4
    unlabelled: int = 0

    def __post_init__(self) -> None:
        if self.people < 2 or self.pictures < 2 or self.unlabelled < 0:
            raise ValueError("a batch needs 2 people or more with 2 pictures or more of each")


@dataclass(frozen=True)
class LossConfig:
    """Which loss, its own settings, and its weight in the sum; 0 distils only."""

    name: str = "contrastive"
    weight: float = 1.0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_loss(self.name)


@dataclass(frozen=True)
class DistilConfig:
    """Learning another model's embeddings, of the same size, with or without identities.

    Attributes:
        teacher: name of an installed artifact; its own preprocessing is used for it.
        weight: of the distillation loss in the sum.
        folder: pictures without identities, in any sub-folders; "" uses the labelled ones only.
    """

    teacher: str
    weight: float = 1.0
    folder: str = ""


@dataclass(frozen=True)
class OptimiserConfig:
    """How weights move.

    Attributes:
        name: "adam" (with decoupled weight decay) or "sgd" (momentum 0.9).
        rate: learning rate after warming up; it falls to 0 along a cosine.
        warm_up: steps over which the rate rises from 0.
        weight_decay: share of a matrix lost a step, times the rate.
        clip: longest gradient over all weights; longer ones are scaled down.
        average: decay of the running average of weights, which is what is validated and kept;
            0 keeps the last weights themselves.
    """

    name: Literal["adam", "sgd"] = "adam"
    rate: float = 1e-3
    warm_up: int = 100
    weight_decay: float = 0.0
    clip: float = 5.0
    average: float = 0.995

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.warm_up < 0 or self.clip <= 0 or not 0 <= self.average < 1:
            raise ValueError("rate and clip must be positive, warm_up ≥ 0, average in [0, 1)")


@dataclass(frozen=True)
class RunConfig:
    """How long, how often, how exactly.

    Attributes:
        steps: batches in all.
        validate_every: steps between validations, each of which also saves a checkpoint.
        patience: validations without a better EER before the run stops early.
        precision: "auto" computes in bfloat16 on a GPU and float32 elsewhere.
        deterministic: the same weights from the same seed, at some cost in speed.
    """

    steps: int = 2000
    validate_every: int = 200
    patience: int = 10
    precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto"
    deterministic: bool = False

    def __post_init__(self) -> None:
        if min(self.steps, self.validate_every, self.patience) < 1:
            raise ValueError("steps, validate_every and patience must be 1 or more")


@dataclass(frozen=True)
class ArtifactTexts:
    """What the artifact says of itself; see `ml.artifacts.ArtifactConfig`."""

    title: str
    terms: Terms = "research"
    licence: str = "as the training data allows"
    mirrored: bool = False


@dataclass(frozen=True)
class ExperimentConfig:
    """One experiment; `name` is also that of its run and its artifact."""

    name: str
    artifact: ArtifactTexts
    preprocessing: Preprocessing
    network: NetworkConfig
    data: DataConfig
    seed: int = 1
    batch: BatchConfig = BatchConfig()
    loss: LossConfig = LossConfig()
    distil: DistilConfig | None = None
    optimiser: OptimiserConfig = OptimiserConfig()
    run: RunConfig = RunConfig()
    augment: bool = True
    augmentation: tuple[Augmentation, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or Path(self.name).name != self.name:
            raise ValueError(f"name must be usable as a folder's name, not {self.name!r}")
        if self.network.backbone not in MODULES:
            known = ", ".join(sorted(MODULES))
            raise ValueError(f"unknown backbone {self.network.backbone!r}; known are {known}")
        if self.loss.weight == 0 and self.distil is None:
            raise ValueError("with loss.weight 0 there must be a teacher to distil")
        if self.batch.unlabelled and not (self.distil and self.distil.folder):
            raise ValueError("batch.unlabelled needs distil.folder")

    @property
    def augmentations(self) -> tuple[Augmentation, ...]:
        """Those in force: none where `augment` is false."""
        return self.augmentation if self.augment else ()


def read_config(path: Path) -> ExperimentConfig:
    """Read an experiment.

    Raises:
        ConfigError: if the file is missing, is no TOML, or has a wrong key or value.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        return from_table(ExperimentConfig, table)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
