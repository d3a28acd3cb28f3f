"""docs/reference/cli.md: every command, argument and option, asked of click."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import click

from ltcore.cli import cli
from training import dataset, evaluate, export, onnx_model, pack, train

from .markdown import code, page, table

_INTRODUCTION = """
Exit codes of every command: 0 done · 1 unexpected · 2 bad arguments or input, with a sentence that says what to do ·
3 no trustworthy result (verdict FAIL) · 130 cancelled. Progress goes to stderr, results to stdout. `LTCORE_DEBUG=1`
shows the traceback of what was unexpected, `LTCORE_NETWORK=allowed` lets GDAL open addresses.
"""
_TRAINING = {
    "training.dataset": dataset,
    "training.pack": pack,
    "training.train": train,
    "training.evaluate": evaluate,
    "training.export": export,
    "training.onnx_model": onnx_model,
}


def cli_page() -> str:
    """Returns the page."""
    trained = [_section(f"python -m {name}", _main_of(module)) for name, module in _TRAINING.items()]
    commands = [_section(name, command) for name, command in _commands("ltcore", cli)]
    return page(
        "Command line", _INTRODUCTION, *commands, "## Training", "See [retraining](../retraining.md).", *trained
    )


def _main_of(module: Any) -> click.Command:
    """Returns the command of a module that is run by `python -m`."""
    (found,) = {value for value in vars(module).values() if isinstance(value, click.Command)}
    return found


def _commands(path: str, group: click.Group) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(f"{path} {name}", command)
        else:
            yield f"{path} {name}", command


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    known = command.to_info_dict(context)["params"]
    options = [
        _option(facts) for facts in known if facts["param_type_name"] == "option" and "--help" not in facts["opts"]
    ]
    help_text = inspect.cleandoc(command.help or "")
    rows = table(["option", "values", "default", "meaning"], options)
    return "\n\n".join(part for part in (f"## {name}", f"```\n{usage}\n```", help_text, rows) if part)


def _option(facts: dict[str, Any]) -> list[str]:
    """Returns the row of an option, from what click says of it."""
    names = " / ".join(code(name) for name in (*facts["opts"], *facts["secondary_opts"]))
    required = "**Required.** " if facts["required"] else ""
    return [names, _values(facts), _default(facts), required + (facts["help"] or "")]


def _values(facts: dict[str, Any]) -> str:
    kind = facts["type"]
    if facts["is_flag"]:
        return ""
    if "choices" in kind:
        values = " ".join(code(choice) for choice in kind["choices"])
    elif kind.get("min") is not None:
        values = f"{kind['min']} to {kind['max']}" if kind["max"] is not None else f"{kind['min']} or more"
    else:
        count = facts["nargs"]
        values = kind["name"] if count == 1 else f"{count} x {kind['types'][0]['name']}"
    return values + (", may be repeated" if facts["multiple"] else "")


def _default(facts: dict[str, Any]) -> str:
    value = facts["default"]
    if value is None or value == "" or facts["required"]:
        return ""
    if facts["is_flag"]:
        return code((facts["opts"] if value else facts["secondary_opts"])[0]) if facts["secondary_opts"] else ""
    return code(" ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))
