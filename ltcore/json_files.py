"""JSON from files that anybody may have made: of bounded size, every number finite, no key twice."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from .errors import InputError

MAX_BYTES = 8 * 2**20  # a record takes a few hundred KB at most; as objects JSON is about forty times as large
_MAX_DIGITS = 40  # of a whole number; reading one takes the square of their number


def read_json(path: Path) -> Any:
    """Returns what a JSON file holds.

    Raises:
        InputError: it is no plain file, cannot be read, is larger than MAX_BYTES, or is not JSON of the kind above.
    """
    text = _bytes_of(path)
    try:
        return json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_whole,
        )
    except RecursionError as error:
        raise InputError(f"'{path.name}' cannot be used.", "It is nested too deep.") from error
    except ValueError as error:
        raise InputError(f"'{path.name}' cannot be used.", f"It is not JSON: {error}.") from error


def _bytes_of(path: Path) -> bytes:
    try:
        # A pipe or a device would be waited for, or never end.
        text = None if path.exists() and not path.is_file() else _first_bytes(path)
    except OSError as error:
        raise InputError(f"'{path}' could not be read.", f"The system says: {error.strerror}.") from error
    except ValueError as error:  # of names that no file can have
        raise InputError("The name of a JSON file cannot be used.", f"{error}.") from error
    if text is None:
        raise InputError(f"'{path}' could not be read.", "It is no plain file.")
    if len(text) > MAX_BYTES:
        raise InputError(f"'{path.name}' is too large.", f"At most {MAX_BYTES:,} bytes are read.")
    return text


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name stands in it twice")
    return values


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"'{text}' is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:_MAX_DIGITS]} is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"the number {text[:_MAX_DIGITS]}... is too large")
    return int(text)
