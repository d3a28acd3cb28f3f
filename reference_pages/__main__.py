"""Writes the pages of the reference that are made from the code, or says which are out of date (--check)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Callable

import click

from .cli_page import cli_page
from .library_page import library_page
from .model_card_page import model_card_page
from .record_page import record_page
from .record_schema import record_schema_file
from .settings_page import settings_page
from .worker_page import worker_page

ROOT = Path(__file__).resolve().parents[1]


def algorithms_page() -> str:
    """Returns the page that only QGIS can tell, by a process of its own."""
    command = [sys.executable, "-m", "reference_pages.algorithms_page"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603 - nothing from outside
    if done.returncode:
        raise click.ClickException(f"The algorithms could not be read: {done.stderr.decode()[-2000:]}")
    return done.stdout.decode()


PAGES: dict[str, Callable[[], str]] = {
    "docs/algorithms.md": algorithms_page,
    "docs/model-card.md": model_card_page,
    "docs/reference/cli.md": cli_page,
    "docs/reference/library.md": library_page,
    "docs/reference/settings.md": settings_page,
    "docs/reference/record.md": record_page,
    "docs/reference/record.schema.json": record_schema_file,
    "docs/reference/worker.md": worker_page,
}


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; end with 1 where a page is out of date.")
@click.option("--folder", type=click.Path(path_type=Path), default=ROOT, help="Of the repository, or of a copy.")
def main(check: bool, folder: Path) -> None:
    """Makes the generated pages of docs/ from the code."""
    old = [name for name, content in PAGES.items() if is_old(folder / name, content(), write=not check)]
    if check and old:
        raise click.ClickException(f"Out of date, run script/make-reference: {', '.join(old)}")
    click.echo(f"{len(PAGES)} pages, {len(old)} {'out of date' if check else 'written'}.")


def is_old(path: Path, content: str, *, write: bool) -> bool:
    """Tells whether a file holds something else, and if wanted writes it."""
    if path.is_file() and path.read_bytes() == content.encode():
        return False
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    return True


if __name__ == "__main__":
    main()
