"""What was typed, what a settings file says, and what neither says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from ltcore.config import RegistrationConfig, RegistrationJob, to_json_object
from ltcore.errors import InputError
from ltcore.pair_options import assess_options, job_of_options, refit_options, register_options


def job(*typed: str, options: Any = register_options) -> RegistrationJob:
    """Returns the job that a command with these options makes of what was typed."""
    made = []

    @click.command()
    @options
    def command(**_: Any) -> None:
        made.append(job_of_options())

    CliRunner().invoke(command, ["a.tif", "b.tif", "--out", "out", *typed], catch_exceptions=False)
    return made[0]


def settings(path: Path, values: Any) -> str:
    path.write_text(values if isinstance(values, str) else json.dumps(values))
    return str(path)


@pytest.mark.parametrize("options", [register_options, assess_options, refit_options])
def test_what_the_help_calls_default_is_the_default(options: Any) -> None:
    assert job(options=options).config == RegistrationConfig()
    bare = click.command()(options(lambda **_: None))
    typed: list[str] = []
    for option in bare.params:
        if isinstance(option, click.Option) and not option.is_flag and isinstance(option.default, (str, int)):
            typed += [option.opts[0], str(option.default)]
    assert len(typed) >= 8
    assert job(*typed, options=options).config == RegistrationConfig()


def test_options_overrule_the_file_and_the_file_the_defaults(tmp_path: Path) -> None:
    file = settings(tmp_path / "s.json", {"fit": {"transform": "affine", "seed": 7}, "verdict": {"fail_inliers": 30}})
    found = job("--config", file, "--transform", "shift", "--max-offset", "25 m", "--min-verdict", "fail").config
    assert (found.fit.transform, found.fit.seed, found.verdict.fail_inliers) == ("shift", 7, 30)
    assert found.match.max_offset == "25m"
    assert found.output.min_verdict == "FAIL"
    assert found.verdict.warn_inliers == RegistrationConfig().verdict.warn_inliers
    assert job("--config", file, "--transform", "auto").config.fit.transform == "auto"  # typed, though the default


def test_the_settings_of_a_record_are_settings(tmp_path: Path) -> None:
    whole = to_json_object(RegistrationConfig())
    assert job("--config", settings(tmp_path / "s.json", whole)).config == RegistrationConfig()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("{", "not JSON"),
        ("[]", "object of objects"),
        ({"fit": 3}, "object of objects"),
        ({"fit": {"colour": 1}}, "fit.colour"),
        ({"verdikt": {}}, "config.verdikt"),
        ('{"verdict": {"fail_heldout_px": NaN}}', "'NaN' is no number"),
    ],
)
def test_bad_settings_files_are_refused(tmp_path: Path, values: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        job("--config", settings(tmp_path / "s.json", values))
    with pytest.raises(InputError, match="could not be read"):
        job("--config", str(tmp_path / "none.json"))
