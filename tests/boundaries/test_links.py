"""Links in the Markdown files lead somewhere: the file is in git and has the heading. Addresses are not called."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
NAMED = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"|\{#([\w-]+)\}")
ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def tracked():
    """Returns the files of the repository; new ones once they are added."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    names = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    return sorted(ROOT / name for name in names if name and (ROOT / name).is_file())


FILES = tracked()
PAGES = [path for path in FILES if path.suffix == ".md"]
PLACES = {*FILES, *(folder for path in FILES for folder in path.parents if folder.is_relative_to(ROOT))}


def links(text):
    """Returns the targets of all links and pictures outside code."""
    return LINK.findall(COMMENT.sub("", CODE.sub("", text)))


@cache
def anchors(page):
    """Returns the anchors of a page by GitHub's rule: small letters, no punctuation, hyphens, -1 for the second."""
    text = page.read_text(encoding="utf-8")
    seen = {}
    for heading in HEADING.findall(re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")
        seen[name] = seen.get(name, -1) + 1
        if seen[name]:
            seen[f"{name}-{seen[name]}"] = 0
    return {*seen, *(one or other for one, other in NAMED.findall(text))}


def broken(page, target):
    """Returns what is wrong with a link of a page, or ""."""
    if ADDRESS.match(target):
        return ""
    path, _, anchor = unquote(target).partition("#")
    place = (page.parent / path).resolve() if path else page
    if place not in PLACES:
        return f"{target}: no such file in git"
    if anchor and place.suffix == ".md" and anchor not in anchors(place):
        return f"{target}: {place.name} has no heading of that name"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    found = [broken(page, target) for target in links(page.read_text(encoding="utf-8"))]
    assert not [fault for fault in found if fault]


def test_a_broken_link_is_seen(tmp_path):
    page = ROOT / "docs" / "ARCHITECTURE.md"
    assert broken(page, "adr/0001-core-without-qgis.md") == ""
    assert broken(page, "#data-flow") == ""
    assert broken(page, "https://example.org/no-such-page") == ""
    assert "no such file" in broken(page, "adr/0000-nothing.md")
    assert "no heading" in broken(page, "STATUS.md#nowhere")
    assert "no heading" in broken(page, "#nowhere")


def test_links_in_code_are_none():
    text = '[a](one.md) `[b](two.md)`\n```\n[c](three.md)\n```\n![d [e]](four.png "title") <!-- [f](five.md) -->'
    assert links(text) == ["one.md", "four.png"]
