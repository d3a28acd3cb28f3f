"""The site of the documentation: built without a warning, with all pages, without dead links; it loads nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.guide import ROOT


class Page(HTMLParser):
    """Collects what a page loads, what it links to, and the places in it that can be linked to."""

    def __init__(self, path):
        super().__init__()
        self.loaded, self.links, self.places = [], [], {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.places |= {values.get("id"), values.get("name")} - {None}
        if tag in ("script", "img", "iframe", "source") and values.get("src"):
            self.loaded.append(values["src"])
        elif tag == "link" and values.get("rel") not in ("canonical", "next", "prev"):
            self.loaded.append(values["href"])
        elif tag == "a" and values.get("href"):
            self.links.append(values["href"])


read = cache(Page)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-f", ROOT / "mkdocs.yml", "-d", folder]
    variables = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def pages(site):
    return sorted(path for path in site.rglob("*.html") if path.name != "404.html")


def test_every_page_of_the_documentation_is_in_the_navigation(site):
    first = read(site / "index.html")
    shown = {unquote(urlsplit(link).path) for link in first.links}
    names = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert {re.sub(r"README\.md$", "index.md", name).replace(".md", ".html") for name in names} <= shown


def test_nothing_is_loaded_from_elsewhere(site):
    for path in pages(site):
        assert not [address for address in read(path).loaded if urlsplit(address).netloc], path
    for path in site.rglob("*.css"):
        assert not re.search(r"url\(\W*https?:|@import", path.read_text(encoding="utf-8")), path


def test_links_and_pictures_lead_somewhere(site):
    dead = []
    for path in pages(site):
        page = read(path)
        for address in (*page.links, *page.loaded):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            has_place = (
                target.suffix != ".html" or not target.is_file() or unquote(parts.fragment) in read(target).places
            )
            if not target.exists() or not has_place:
                dead.append(f"{path.relative_to(site)}: {address}")
    assert not dead
