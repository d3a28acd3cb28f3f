"""docs/model-card.md: what the cards of the shipped weights say."""

from __future__ import annotations

from typing import Any

from ltcore.ltformer.weights import WeightsSpec, list_weights

from .docstrings import attributes
from .markdown import code, page, table

_INTRODUCTION = """
Weights are refused unless their SHA-256 is the card's (`weights/NAME.json`); the fields of a card are those of
`ltcore.ltformer.weights.WeightsSpec`. How they compare with other descriptors, with intervals:
[benchmarks](../benchmarks/README.md); how they were made: [ADR 8](adr/0008-training-on-a-gpu.md); how to make
your own: [retraining](retraining.md).

**Meant for** proposing where windows of a visible and of a near-infrared raster show the same ground. What is written
is measured anew by correlation, and believed only where the images' structure agrees
([ADR 7](adr/0007-evidence-and-verdict.md)). **Not meant for** judging whether two images show the same place, nor for
thermal or radar images.
"""
_FACTS = (
    "architecture", "descriptor_dim", "parameters", "mflop_per_patch", "orientation", "trained_on", "licence", "sha256",
    "onnx_sha256", "limits", "note",
)  # fmt: skip
_SCORES = ("correct", "precision", "matching_score", "average_precision", "success", "precise")
_SCORES_IN_WORDS = """
*correct*: mutual nearest neighbours within 3 px of the truth; *precision*: their share of all matches;
*matching score*: their share of the keypoints; *success*: share of pairs whose affine transform is good to 3 px;
*precise*: to 1/3 px. *dual*: any rotation; *upright*: known to 10 degrees. RootSIFT describes the same keypoints; where
it succeeds, its transforms are the more precise ones, which is why tie points are measured anew afterwards.
"""


def model_card_page() -> str:
    """Returns the page."""
    return page("Model card", _INTRODUCTION, *map(_section, list_weights()))


def _section(spec: WeightsSpec) -> str:
    meanings = attributes(WeightsSpec)
    facts = [[code(name), str(getattr(spec, name)), meanings[name]] for name in _FACTS]
    columns = ["split, regime", "descriptor", *(name.replace("_", " ") for name in _SCORES)]
    parts = [f"## {spec.name}", table(["field", "value", "meaning"], facts), _recipe(spec)]
    parts += [table(columns, _scores(spec.metrics)), _SCORES_IN_WORDS.strip()]
    return "\n\n".join(part for part in parts if part)


def _recipe(spec: WeightsSpec) -> str:
    if spec.training is None:
        return ""
    recipe = spec.training
    return (
        f"Trained by `{recipe.command}` at commit `{recipe.git_commit[:10]}`, seed {recipe.seed}, {recipe.steps} steps "
        f"of {recipe.batch_pairs} pairs in {recipe.seconds / 60:.0f} minutes on one {recipe.device}; "
        f"loss: {recipe.loss}."
    )


def _scores(metrics: dict[str, Any]) -> list[list[str]]:
    return [
        [regime.replace("_", ", "), descriptor, *(f"{scores[name]:.3g}" for name in _SCORES)]
        for regime, found in metrics.items()
        if isinstance(found, dict)
        for descriptor, scores in found.items()
    ]
