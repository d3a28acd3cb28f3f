"""How good a registration is: numbers, and a verdict with its reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Optional, Union

import numpy as np

from .coverage import Evidence
from .geometry.transforms import EstimationFailure
from .result import QualityReport, TransformFit

if TYPE_CHECKING:  # the plugin's process judges, too, and has no pydantic
    from .config import Verdict, VerdictConfig


@dataclass(frozen=True)
class _Check:
    """One criterion: a value, its two limits, whether larger is better, its wording and how a limit is written."""

    value: float
    fail: float
    warn: float
    larger_is_better: bool
    wording: str
    form: str = "{:g}"

    def verdict(self) -> Verdict:
        if not np.isfinite(self.value) or self._is_worse_than(self.fail):
            return "FAIL"
        return "WARN" if self._is_worse_than(self.warn) else "PASS"

    def _is_worse_than(self, limit: float) -> bool:
        return self.value < limit if self.larger_is_better else self.value > limit

    def sentence(self) -> str:
        verdict = self.verdict()
        limit = self.fail if verdict == "FAIL" else self.warn
        bound = "at least" if self.larger_is_better else "at most"
        needed = "is needed" if verdict == "FAIL" else "would be needed for a PASS"
        return f"{self.wording}; {bound} {self.form.format(limit)} {needed}."


def limits_in_reference_px(limits: VerdictConfig, coarser_px: float) -> VerdictConfig:
    """Returns limits whose lengths, px of the coarser raster, are in reference px; one is so many of those."""
    names = ("fail_heldout_px", "warn_heldout_px", "fail_local_px", "warn_local_px")
    return replace(limits, **{name: getattr(limits, name) * coarser_px for name in names})


def failed(reason: str, tie_points: int) -> QualityReport:
    """Returns the report of a registration without a transform."""
    return QualityReport("FAIL", (reason[:1].upper() + reason[1:] + ".",), tie_points, 0)


def assess(
    fit: Union[TransformFit, EstimationFailure],
    tie_points: int,
    evidence: Evidence,
    pixel_size_map: Optional[float],
    limits: VerdictConfig,
) -> QualityReport:
    """Returns numbers and verdict of a fit.

    Args:
        fit: the fit, or why there is none.
        tie_points: number of tie points measured.
        evidence: coverage and structure under the fit.
        pixel_size_map: reference pixel in map units, None without georeference.
        limits: thresholds of the verdict.
    """
    if isinstance(fit, EstimationFailure):
        return failed(fit.reason, tie_points)
    lengths = np.linalg.norm(fit.residuals_px[fit.inliers], axis=1)
    inliers = len(lengths)
    if inliers == 0:
        return failed(f"none of the {tie_points} tie points agree with the transform", tie_points)
    rmse = float(np.sqrt(np.mean(lengths**2)))
    heldout = float(np.sqrt(np.mean(fit.heldout_px[fit.inliers] ** 2)))
    checks = _checks(inliers, tie_points, heldout, evidence, limits)
    verdicts = [check.verdict() for check in checks]
    verdict: Verdict = "FAIL" if "FAIL" in verdicts else "WARN" if "WARN" in verdicts else "PASS"
    reasons = tuple(check.sentence() for check in checks if check.verdict() != "PASS")
    passed = (
        f"{inliers} of {tie_points} tie points agree; those left out of the fit are off by {heldout:.2f} px RMS; "
        f"they cover {evidence.coverage:.0%} of the overlap; structure score {evidence.structure:.0f}.",
    )
    # Not of the residuals in the fit: least squares makes their mean 0, whatever is wrong.
    bias = np.mean(fit.heldout_residuals_px[fit.inliers], axis=0)
    return QualityReport(
        verdict=verdict,
        reasons=reasons or passed,
        tie_points=tie_points,
        inliers=inliers,
        rmse_px=rmse,
        rmse_map=None if pixel_size_map is None else rmse * pixel_size_map,
        ce90_px=float(np.percentile(lengths, 90)),
        heldout_rmse_px=heldout if np.isfinite(heldout) else None,
        bias_px=(float(bias[0]), float(bias[1])) if np.isfinite(bias).all() else None,
        coverage=evidence.coverage,
        structure=evidence.structure,
    )


def _checks(
    inliers: int, tie_points: int, heldout: float, evidence: Evidence, limits: VerdictConfig
) -> tuple[_Check, ...]:
    share, coverage, structure = inliers / tie_points, evidence.coverage, evidence.structure
    agreeing = f"Only {inliers} tie points agree"
    agreeing_share = f"Only {share:.0%} of {tie_points} tie points agree with one transform"
    left_out = f"Tie points left out of the fit are off by {heldout:.2f} px RMS"
    covered = f"The tie points cover {coverage:.0%} of the overlap"
    local = (
        f"In a tenth of the overlap neighbouring tie points lie {evidence.local_px:.2f} px or more off the transform, "
        "together"
    )
    similar = (
        f"The images' structure agrees by only {structure:.1f} standard deviations"
        if structure > 0
        else "The images' structure agrees by 0 standard deviations, as another offset agrees as well: "
        "the ground is another, or repeats itself"
    )
    return (
        _Check(inliers, limits.fail_inliers, limits.warn_inliers, True, agreeing),
        _Check(share, limits.fail_inlier_share, limits.warn_inlier_share, True, agreeing_share, "{:.0%}"),
        _Check(heldout, limits.fail_heldout_px, limits.warn_heldout_px, False, left_out, "{:g} px"),
        _Check(coverage, limits.fail_coverage, limits.warn_coverage, True, covered, "{:.0%}"),
        _Check(structure, limits.fail_structure, limits.warn_structure, True, similar),
        _Check(evidence.local_px, limits.fail_local_px, limits.warn_local_px, False, local, "{:g} px"),
    )
