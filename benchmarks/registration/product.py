"""This product through ltcore.pipeline.register, in process and warm: the network is loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ltcore.config import FeatureConfig, RasterSource, RegistrationConfig, RegistrationJob
from ltcore.errors import LtcoreError
from ltcore.ltformer.describe import Describer, make_describer
from ltcore.pipeline import register
from ltcore.progress import NullProgress
from ltcore.result import RegistrationResult, TransformFit
from ltcore.types import FloatArray

from .methods import Answer
from .pairs import Pair


@lru_cache(maxsize=4)
def kept_describer(features: FeatureConfig) -> Describer:
    """Returns a describer that is made once."""
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
            result = register(job, NullProgress(), kept_describer)
        except LtcoreError as error:
            return Answer(None, "ERROR", str(error))
        return _answer(result, pair, sensed_xy)


def _answer(result: RegistrationResult, pair: Pair, sensed_xy: FloatArray) -> Answer:
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
    found = transform(sensed_xy)
    facts.update(stated_uncertainty(result))
    if pair.checks is not None and quality.ce90_px is not None:
        missed = np.linalg.norm(found - pair.checks.reference_xy, axis=1)
        facts["checks_within_ce90"] = round(float(np.mean(missed <= quality.ce90_px)), 4)
    return Answer(found, quality.verdict, quality.reasons[0], transform.model, facts)


def stated_uncertainty(result: RegistrationResult) -> dict[str, Any]:
    """Returns how the stated uncertainty agrees with the tie points left out of the fit, each with its block.

    "chi_square": mean over the inliers of r' C^-1 r / 2, 1 where the covariances C mean what they say;
    "heldout_within_ce90": share of the left-out residuals inside the stated CE90. Empty where there are none.
    """
    fit = result.fit
    if not isinstance(fit, TransformFit) or result.quality.ce90_px is None:
        return {}
    kept = fit.inliers & np.isfinite(fit.heldout_px)
    residuals, covariance = fit.heldout_residuals_px[kept], result.tie_points.covariance_px2[kept]
    if not len(residuals):
        return {}
    chi_square = np.einsum("ki,kij,kj->k", residuals, np.linalg.inv(covariance), residuals) / 2
    within = np.mean(fit.heldout_px[kept] <= result.quality.ce90_px)
    return {"chi_square": round(float(chi_square.mean()), 4), "heldout_within_ce90": round(float(within), 4)}


def products() -> list[Product]:
    """Returns this product and what is left of it without LTFormer."""
    rootsift = RegistrationConfig(features=FeatureConfig(descriptor="rootsift"))
    return [Product("ltcore", RegistrationConfig()), Product("ltcore, RootSIFT for LTFormer", rootsift)]
