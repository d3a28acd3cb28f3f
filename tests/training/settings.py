"""Settings of trainings that take seconds."""

import dataclasses

from ltcore.features.patches import PatchSampling
from training.config import OptimiserConfig, TrainConfig
from training.sampling import PairConfig


def quick_config(**changes):
    """Returns settings of a four-step training on a CPU, with some changed."""
    small = TrainConfig(
        sampling=PatchSampling(patch_px=32),
        pairs=PairConfig(tiles=2, keypoints=16),
        optimiser=OptimiserConfig(learning_rate=2e-3),
        steps=4,
        chunk=16,
        bfloat16=False,
        log_steps=1,
        validation_tiles=0,
    )
    return dataclasses.replace(small, **changes)
