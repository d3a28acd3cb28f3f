"""The network as ONNX, for programs other than this one: any number of patches, of one size."""

from __future__ import annotations

import torch

from ltcore.errors import InputError
from ltcore.ltformer.network import LTFormer

INPUT, OUTPUT = "patches", "descriptors"
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
