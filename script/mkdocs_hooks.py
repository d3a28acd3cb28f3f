"""Hooks of mkdocs.yml: pages from outside docs/, folders in the navigation, links that suit both site and forge.

On a forge links lead from file to file. In the site some of these files lie elsewhere, and others are not there at all:
links to those become plain text.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = "repository"  # where the site has the pages that do not lie in docs/
_LINK = re.compile(r"(?<![\\`])(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def on_config(config: Any) -> Any:
    """Puts the pages of a folder where the navigation says FOLDER/*."""
    config["nav"] = _unfolded(config["nav"], _named(config["nav"]))
    return config


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages of the navigation that lie outside docs/, and the pictures beside them."""
    for name in sorted(uri[len(OUTSIDE) + 1 :] for uri in _named(config["nav"]) if uri.startswith(f"{OUTSIDE}/")):
        folder = (ROOT / name).parent
        pictures = folder.glob("pictures/*") if folder != ROOT else ()
        for path in (ROOT / name, *pictures):
            uri = f"{OUTSIDE}/{path.relative_to(ROOT).as_posix()}"
            files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Makes links fit the site."""
    here = page.file.src_uri
    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.DOTALL | re.MULTILINE)
    return "".join(
        part if part.startswith("```") else _LINK.sub(lambda link: _fitted(link, here, files), part) for part in parts
    )


def _fitted(link: re.Match[str], here: str, files: Files) -> str:
    is_picture, text, target = link.groups()
    path, mark, anchor = target.partition("#")
    if not path or re.match(r"[a-z][a-z0-9+.-]*:", path):
        return link.group()
    there = _site_place(os.path.normpath(os.path.join(os.path.dirname(_repository_place(here)), path)))  # noqa: PTH118, PTH120 - of names
    file = files.get_file_from_path(there)
    if file is None or file.inclusion.is_excluded():
        return text if not is_picture else ""
    away = os.path.relpath(there, os.path.dirname(here)).replace(os.sep, "/")  # noqa: PTH120
    return f"{is_picture}[{text}]({away}{mark}{anchor})"


def _repository_place(uri: str) -> str:
    """Returns where a page of the site lies in the repository."""
    return uri[len(OUTSIDE) + 1 :] if uri.startswith(f"{OUTSIDE}/") else f"docs/{uri}"


def _site_place(name: str) -> str:
    """Returns where a file of the repository would lie in the site."""
    name = name.replace(os.sep, "/")
    return name[len("docs/") :] if name.startswith("docs/") else f"{OUTSIDE}/{name}"


def _unfolded(nav: Any, named: set[str]) -> Any:
    if isinstance(nav, dict):
        return {title: _unfolded(entry, named) for title, entry in nav.items()}
    if isinstance(nav, list):
        return [
            one for entry in nav for one in (_pages(entry, named) if _is_folder(entry) else [_unfolded(entry, named)])
        ]
    return _pages(nav, named) if _is_folder(nav) else nav


def _is_folder(entry: Any) -> bool:
    return isinstance(entry, str) and entry.endswith("/*")


def _pages(entry: str, named: set[str]) -> list[str]:
    """Returns the pages of FOLDER/* that the navigation does not name itself."""
    names = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs" / entry[:-2]).glob("*.md")}
    return sorted(names - named)


def _named(nav: Any) -> set[str]:
    """Returns all entries of the navigation."""
    if isinstance(nav, (dict, list)):
        return {name for entry in (nav.values() if isinstance(nav, dict) else nav) for name in _named(entry)}
    return {str(nav)}
