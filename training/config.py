"""Settings of a training, read from YAML; unknown keys are refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ltcore.config import settings_error
from ltcore.errors import InputError
from ltcore.features.patches import PatchSampling

from .sampling import PairConfig

_STRICT = ConfigDict(extra="forbid")

Fraction = Annotated[float, Field(ge=0, le=1)]
PositiveInt = Annotated[int, Field(ge=1)]
PositiveFloat = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, config=_STRICT)
class LossConfig:
    """Which loss, and its number: margin of "hardest", temperature of "info_nce"; "lt" has none."""

    name: Literal["hardest", "info_nce", "lt"] = "hardest"
    margin: PositiveFloat = 1.0
    temperature: PositiveFloat = 0.03


@dataclass(frozen=True, config=_STRICT)
class TrainConfig:
    """All settings of a training.

    Attributes:
        seed: of weights and batches.
        descriptor_dim: 128, 256 or 512.
        sampling: geometry of the patches.
        pairs: how batches are drawn.
        loss: loss and its number.
        learning_rate: highest one; warm-up, then cosine down to zero.
        weight_decay: of AdamW.
        warmup: share of the training over which the learning rate rises.
        clip: largest norm of the gradient.
        steps: the training ends after this many, ...
        minutes: ... or after this wall time of steps, whichever comes first; 0 means no limit.
        chunk: patches that pass through the network at once.
        threads: threads that run chunks.
        bfloat16: whether the network runs in bfloat16 (the loss never does).
        keypoints_per_band: SIFT keypoints taken from each tile and band.
        checkpoint_minutes: between two checkpoints.
        validate_minutes: between two validations.
        validation_tiles: largest tiles of the val split that are used for it; 0 validates never.
    """

    seed: int = 0
    descriptor_dim: Literal[128, 256, 512] = 128
    sampling: PatchSampling = Field(default_factory=PatchSampling)
    pairs: PairConfig = Field(default_factory=PairConfig)
    loss: LossConfig = Field(default_factory=LossConfig)
    learning_rate: PositiveFloat = 2e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    warmup: Fraction = 0.05
    clip: PositiveFloat = 1.0
    steps: PositiveInt = 5000
    minutes: Annotated[float, Field(ge=0)] = 0.0
    chunk: PositiveInt = 128
    threads: PositiveInt = 2
    bfloat16: bool = True
    keypoints_per_band: PositiveInt = 1500
    checkpoint_minutes: PositiveFloat = 3.0
    validate_minutes: PositiveFloat = 8.0
    validation_tiles: Annotated[int, Field(ge=0)] = 10


def read_config(path: Path, minutes: float | None = None) -> TrainConfig:
    """Returns the settings in a YAML file, with another wall time if `minutes` is given.

    Raises:
        InputError: the file is missing or not YAML, or holds a key or value that is not known.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        if minutes is not None:
            values["minutes"] = minutes
        return TypeAdapter(TrainConfig).validate_python(values)
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"The settings '{path}' cannot be read.", f"{error}.") from error
    except ValidationError as error:
        raise settings_error(error) from error


def fingerprint(config: TrainConfig) -> str:
    """Returns a hash of all settings: a checkpoint continues under its own only."""
    text = json.dumps(TypeAdapter(TrainConfig).dump_python(config, mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
