"""docs/reference/library.md: the Python interface of ltcore that a version promises, from its docstrings."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from .docstrings import as_markdown, first_paragraph
from .markdown import code, page

_INTRODUCTION = """
What stands here is promised by a major version ([conventions](../CONVENTIONS.md#versions)); everything else in `ltcore`
is internal, with docstrings all the same: `python -m pydoc ltcore.structure`. Nothing is configured by importing,
`logging` goes to the logger `ltcore`, and no function writes outside the paths it was given.

```python
from pathlib import Path

from ltcore.config import RasterSource, RegistrationJob
from ltcore.outputs import write_outputs
from ltcore.pipeline import register
from ltcore.progress import NullProgress

reference = RasterSource(Path("samples/georeferenced/visible.tif"), band="luminance")
sensed = RasterSource(Path("samples/georeferenced/nir.tif"))
result = register(RegistrationJob(reference, sensed, out_dir=Path("out/library")), NullProgress())
print(result.quality.verdict, result.quality.heldout_rmse_px)
if result.fit:  # falsy where no transform was found; result.fit.reason says why
    print(result.fit.transform([[0.5, 0.5]]))  # centre of the first sensed pixel -> reference px
write_outputs(result, NullProgress())
```
"""
INTERFACE = {
    "ltcore.pipeline": ("register",),
    "ltcore.outputs": ("write_outputs",),
    "ltcore.config": ("RegistrationJob", "RasterSource", "RegistrationConfig", "job_from_json", "to_json_object"),
    "ltcore.result": ("RegistrationResult", "TransformFit", "QualityReport"),
    "ltcore.types": ("TiePoints", "Gaps"),
    "ltcore.geometry.models": ("PlaneMap", "fit_model"),
    "ltcore.geometry.transforms": ("EstimationFailure",),
    "ltcore.raster.grid": ("GeoGrid",),
    "ltcore.gcp": ("Gcp", "GcpSet", "gcp_set_from", "read_points", "write_points"),
    "ltcore.solution": ("WarpJob", "warp_with_solution"),
    "ltcore.assessment": ("assess_pair", "Assessment"),
    "ltcore.offsets": ("Offsets", "OffsetStatistics"),
    "ltcore.imported": ("RefitJob", "register_imported"),
    "ltcore.record": ("read_record", "replayed_job"),
    "ltcore.progress": ("Progress", "NullProgress", "SubProgress", "CancelledError"),
    "ltcore.errors": ("LtcoreError", "InputError", "RasterReadError", "OutputError", "WeightsError", "DeviceError"),
}


def library_page() -> str:
    """Returns the page."""
    return page("Library", _INTRODUCTION, *(_module(import_module(name), names) for name, names in INTERFACE.items()))


def _module(module: ModuleType, names: tuple[str, ...]) -> str:
    members = [_member(name, getattr(module, name)) for name in names]
    return "\n\n".join([f"## {module.__name__}", first_paragraph(module), *members])


def _member(name: str, member: Any) -> str:
    signature = f"```python\n{_signature(name, member)}\n```"
    methods = _methods(member) if inspect.isclass(member) else ""
    return "\n\n".join(part for part in (f"### {name}", signature, as_markdown(member), methods) if part)


def _signature(name: str, member: Any) -> str:
    """Returns how a function or dataclass is called, and of other classes the bases."""
    if inspect.isclass(member) and not is_dataclass(member) and "__init__" not in vars(member):
        return f"class {name}({', '.join(base.__name__ for base in member.__bases__ if base is not object)})"
    signature = inspect.signature(member)
    plain = [one.replace(annotation=str(one.annotation)) for one in signature.parameters.values()]
    returned = "" if inspect.isclass(member) else f" -> {signature.return_annotation}"
    shown = [_parameter(one) for one in plain]
    line = f"{name}({', '.join(shown)}){returned}"
    return line if len(line) <= 110 else f"{name}(\n    " + ",\n    ".join(shown) + f",\n){returned}"


def _parameter(parameter: inspect.Parameter) -> str:
    default = "" if parameter.default is parameter.empty else f" = {_default(parameter.default)}"
    return f"{parameter.name}: {parameter.annotation}{default}"


def _default(value: object) -> str:
    """Returns a default in words that stay the same from run to run."""
    if isinstance(value, (str, int, float, bool, tuple, type(None))):
        return repr(value)
    return getattr(value, "__name__", "...")


def _methods(kind: type) -> str:
    found = {name: value for name, value in vars(kind).items() if not name.startswith("_") and _is_method(value)}
    lines = [f"- {code(name)}: {first_paragraph(value)}" for name, value in found.items()]
    return "\n".join(["*Methods and properties*", "", *lines]) if lines else ""


def _is_method(value: object) -> bool:
    return inspect.isfunction(value) or isinstance(value, (property, classmethod))
