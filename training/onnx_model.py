"""The network as ONNX, for `--backend onnx` and for other programs: any number of patches, of one size.

`python -m training.onnx_model NAME|FILE.safetensors` makes it of weights that have none yet.
"""

from __future__ import annotations

import logging
from pathlib import Path

import click
import torch

from ltcore.errors import InputError, LtcoreError
from ltcore.ltformer.network import LTFormer
from ltcore.ltformer.onnx_backend import INPUT, OUTPUT
from ltcore.ltformer.weights import WeightsSpec, find_weights, load_weights, save_onnx

_OPSET = 20  # the first with GELU; onnxruntime has it since 1.17


def onnx_model(network: LTFormer, patch_px: int, properties: dict[str, str]) -> bytes:
    """Returns an ONNX model that turns (B, P, P) float32 grey patches into (B, D) float32 descriptors of L2 norm 1.

    Args:
        network: whose weights it holds; put into evaluation mode.
        patch_px: rows and columns P of a patch.
        properties: texts stored in the model.

    Raises:
        InputError: the packages that write ONNX are not installed.
    """
    try:
        import onnx  # noqa: PLC0415 - training itself does not need it
        import onnxscript  # noqa: F401, PLC0415 - torch's exporter does
    except ImportError as error:
        raise InputError(
            "ONNX files cannot be written.",
            f"Python says: {error}.",
            "Install onnx and onnxscript (requirements/train.txt), or export with --no-onnx.",
        ) from error
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of packages that are not needed
    program = torch.onnx.export(
        network.eval(),
        (torch.zeros(2, patch_px, patch_px),),
        dynamo=True,
        opset_version=_OPSET,
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        verbose=False,
    )
    assert program is not None  # noqa: S101 - None is what the exporter without dynamo returns
    model = program.model_proto
    for part in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del part.metadata_props[:]  # paths of this machine's Python files
    onnx.helper.set_model_props(model, properties)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def export_onnx(spec: WeightsSpec, weights: dict[str, torch.Tensor], folder: Path) -> Path:
    """Returns the path of the network as ONNX, written beside its weights as NAME.onnx; their card then names it.

    Raises:
        InputError: the packages that write ONNX are not installed.
        OutputError: a file cannot be written.
    """
    network = LTFormer(spec.descriptor_dim)
    network.load_state_dict(weights, strict=False)
    content = onnx_model(network, spec.sampling.patch_px, {"name": spec.name, "weights_sha256": spec.sha256})
    return save_onnx(content, spec, folder)


@click.command()
@click.argument("weights")
def main(weights: str) -> None:
    """Writes WEIGHTS, shipped ones by name or a .safetensors file, as .onnx beside them, and names it in their card."""
    try:
        spec, tensors = load_weights(weights)
        click.echo(str(export_onnx(spec, tensors, find_weights(weights).parent)))
    except LtcoreError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
