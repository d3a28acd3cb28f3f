"""This product through ltcore.pipeline.register, in process and warm: the network is loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ltcore.config import FeatureConfig, RasterSource, RegistrationConfig, RegistrationJob
from ltcore.errors import LtcoreError
from ltcore.ltformer.describe import Describer, make_describer
from ltcore.pipeline import register
from ltcore.progress import NullProgress
from ltcore.result import RegistrationResult
from ltcore.types import FloatArray

from .methods import Answer
from .pairs import Pair


@lru_cache(maxsize=4)
def _kept_describer(features: FeatureConfig) -> Describer:
    return make_describer(features)


@dataclass(frozen=True)
class Product:
    """This product under some settings."""

    name: str
    config: RegistrationConfig

    def __call__(self, pair: Pair, sensed_xy: FloatArray) -> Answer:
        """Returns its answer; a FAIL keeps its transform, if there is one, for the record."""
        job = RegistrationJob(RasterSource(pair.reference), RasterSource(pair.sensed), Path(), config=self.config)
        try:
            result = register(job, NullProgress(), _kept_describer)
        except LtcoreError as error:
            return Answer(None, "ERROR", str(error))
        return _answer(result, sensed_xy)


def _answer(result: RegistrationResult, sensed_xy: FloatArray) -> Answer:
    quality = result.quality
    facts = {
        "inliers": quality.inliers,
        "heldout_rmse_px": quality.heldout_rmse_px,
        "structure": quality.structure,
        "descriptor": result.provenance["descriptor"],
    }
    transform = getattr(result.fit, "transform", None)
    if transform is None:
        return Answer(None, quality.verdict, quality.reasons[0], facts=facts)
    return Answer(transform(sensed_xy), quality.verdict, quality.reasons[0], transform.model, facts)


def products() -> list[Product]:
    """Returns this product and what is left of it without LTFormer."""
    rootsift = RegistrationConfig(features=FeatureConfig(descriptor="rootsift"))
    return [Product("ltcore", RegistrationConfig()), Product("ltcore, RootSIFT for LTFormer", rootsift)]
