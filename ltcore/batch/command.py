"""The command ltcore batch."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import click

from ..errors import InputError, LtcoreError
from ..terminal import TerminalProgress

if TYPE_CHECKING:
    from .cluster import Workers
    from .outcome import Outcome

EXIT_FAILED, EXIT_CANCELLED = 3, 130


@click.command("batch")
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option("--out", "out_dir", type=click.Path(path_type=Path), required=True, help="Folder of the pairs' folders.")
@click.option("--workers", type=click.IntRange(1, 512), help="Processes on this machine; by default one a core.")
@click.option("--scheduler", help="Address of a Dask scheduler, tcp://HOST:PORT or tls://HOST:PORT, that you trust.")
@click.option("--resume", is_flag=True, help="Leave pairs as they are that are done with the same inputs and settings.")
def batch_command(
    manifest: Path, out_dir: Path, workers: Optional[int], scheduler: Optional[str], resume: bool
) -> None:
    """Registers the pairs of MANIFEST, a CSV file, in parallel.

    Columns: reference, sensed; if wanted id and the options of `ltcore register` by name (max_offset, transform, ...).
    Each pair gets its folder OUT/ID as from `ltcore register`; summary.csv and summary.html list all, worst first.
    A pair that cannot be read, or that kills its worker again and again, is listed as ERROR; the others go on.

    Exit codes: 0 every pair PASS or WARN; 2 bad arguments or manifest; 3 some pair FAIL or ERROR; 130 cancelled (what
    is done stays: --resume goes on); 1 anything unexpected.
    """
    if workers and scheduler:
        raise click.UsageError("--workers starts processes here, --scheduler uses others: give one of them.")
    from .manifest import read_manifest  # noqa: PLC0415 - heavy imports only where they are needed

    pairs = read_manifest(manifest, out_dir)
    if out_dir.is_file():
        raise InputError(f"The output folder '{out_dir}' is a file.", "", "Choose another folder.")
    if not resume and out_dir.is_dir() and any(out_dir.iterdir()):
        raise InputError(
            f"The output folder '{out_dir}' is not empty.", "", "Go on with --resume, or choose another folder."
        )
    outcomes, cancelled = _run(pairs, _workers(workers, scheduler), resume)
    _finish(out_dir, pairs, outcomes, cancelled)


def _workers(count: int | None, scheduler: str | None) -> AbstractContextManager[Workers]:
    try:
        from .cluster import local_workers, remote_workers  # noqa: PLC0415 - as above
    except ImportError as error:
        raise LtcoreError(
            f"Dask is not installed ({error}).", "", "Run script/setup batch, or pip install dask distributed."
        ) from error
    return remote_workers(scheduler) if scheduler else local_workers(count)


def _run(pairs: Any, workers: AbstractContextManager[Workers], resume: bool) -> tuple[list[Outcome], bool]:
    """Returns the outcomes there are, and whether the user cancelled."""
    from .run import BatchRun  # noqa: PLC0415 - as above
    from .summary import counts_in_words  # noqa: PLC0415

    outcomes: list[Outcome] = []
    with TerminalProgress() as progress:

        def tell(outcome: Outcome) -> None:
            outcomes.append(outcome)
            done = f"{len(outcomes)} of {len(pairs)} pairs ({counts_in_words(outcomes)})"
            progress.report(len(outcomes) / len(pairs), f"{done}: {outcome.id} {outcome.verdict}")

        progress.report(0.0, "Starting the workers")
        try:
            with workers as connected:
                where = f"; dashboard: {connected.dashboard}" if connected.dashboard else ""
                progress.report(0.0, f"{len(connected.client.nthreads())} workers{where}")
                BatchRun(connected, resume, tell).run(pairs)
        except KeyboardInterrupt:
            return outcomes, True
    return outcomes, False


def _finish(out_dir: Path, pairs: Any, outcomes: list[Outcome], cancelled: bool) -> None:
    """Writes the summary, says what came of the batch and ends with its exit code."""
    from .outcome import BAD  # noqa: PLC0415 - as above
    from .summary import HTML_NAME, counts_in_words, write_summary  # noqa: PLC0415

    write_summary(out_dir, pairs, outcomes)
    click.echo(f"{len(outcomes)} of {len(pairs)} pairs: {counts_in_words(outcomes)}. {out_dir / HTML_NAME}")
    if cancelled:
        click.echo("Cancelled. What is done stays; the same command with --resume does the rest.", err=True)
        sys.exit(EXIT_CANCELLED)
    if any(outcome.verdict in BAD for outcome in outcomes):
        sys.exit(EXIT_FAILED)
