"""What each part brings: the coarse transform by one means alone, as it is or with the fine stage after it.

No verdict: what passes on its structure is returned. Correlation needs a georeference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

import numpy as np

from ltcore.coarse import CoarseFit, coarse_fit
from ltcore.config import DescriptorName, FeatureConfig, RasterSource, RegistrationConfig
from ltcore.correlation import correlated_fit
from ltcore.fine import candidates_for, fine_tie_points
from ltcore.frame import Frame, build_frame
from ltcore.geometry.selection import fit_tie_points
from ltcore.geometry.transforms import EstimationFailure, Transform
from ltcore.progress import NullProgress
from ltcore.raster.aoi import AreaOfInterest
from ltcore.raster.read import open_raster
from ltcore.result import TransformFit
from ltcore.types import FloatArray, TiePoints

from .methods import Answer, nothing
from .pairs import Pair
from .product import kept_describer

_MEANS: dict[str, Union[DescriptorName, None]] = {"LTFormer": "ltformer", "RootSIFT": "rootsift", "correlation": None}


@dataclass(frozen=True)
class Part:
    """The coarse stage by one means.

    Attributes:
        name: as in tables.
        descriptor: what finds the coarse transform; None for the correlation of the whole overlap.
        refined: whether the fine stage follows.
    """

    name: str
    descriptor: Union[DescriptorName, None]
    refined: bool

    def __call__(self, pair: Pair, sensed_xy: FloatArray) -> Answer:
        """Returns where the sensed px lie."""
        sources = RasterSource(pair.reference), RasterSource(pair.sensed)
        config = RegistrationConfig()
        frame = build_frame(*(open_raster(source) for source in sources), *sources, config.match.max_offset)
        if self.descriptor is None and not frame.has_prior:
            return nothing("without georeference there is no overlap to correlate")
        coarse = _coarse(frame, self.descriptor, config)
        if not coarse.passes or not isinstance(coarse.transform, Transform):
            return nothing(f"structure score {coarse.structure:.1f}")
        facts = {"structure": coarse.structure}
        if not self.refined:
            working = frame.sensed.view.from_source(sensed_xy)
            answer = frame.reference.view.to_source(coarse.transform(working))
            return Answer(answer, "RETURNED", model=coarse.transform.model, facts=facts)
        return _refined(frame, coarse.transform, coarse.factor, sensed_xy, facts)


def _coarse(frame: Frame, descriptor: Union[DescriptorName, None], config: RegistrationConfig) -> CoarseFit:
    if descriptor is None:
        return correlated_fit(frame, config.verdict)
    describer = kept_describer(FeatureConfig(descriptor=descriptor))
    return coarse_fit(frame, describer, config, config.verdict, NullProgress())


def _refined(frame: Frame, start: Transform, factor: float, sensed_xy: FloatArray, facts: dict[str, Any]) -> Answer:
    fit = RegistrationConfig().fit
    candidates = candidates_for(AreaOfInterest(), fit.max_tie_points)
    found = fine_tie_points(frame, start, factor, candidates, fit, NullProgress()).points
    own = TiePoints(
        frame.reference.view.to_source(found.reference_xy),
        frame.sensed.view.to_source(found.sensed_xy),
        found.score,
        found.covariance_px2,
    )
    fitted, _ = fit_tie_points(own, frame.prior, fit)
    if not isinstance(fitted, TransformFit):
        assert isinstance(fitted, EstimationFailure)  # noqa: S101 - the only other kind
        return nothing(fitted.reason)
    return Answer(np.asarray(fitted.transform(sensed_xy)), "RETURNED", model=fitted.transform.model, facts=facts)


def parts() -> list[Part]:
    """Returns the coarse stage by each means, without the fine stage and with it."""
    return [
        Part(f"coarse by {name}{', refined' if refined else ''}", descriptor, refined)
        for name, descriptor in _MEANS.items()
        for refined in (False, True)
    ]
