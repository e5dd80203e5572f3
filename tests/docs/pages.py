"""The pages as they are read: links, headings, fenced blocks and code in sentences."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
OUTSIDE_DOCS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "helix_binance/README.md",
    "helix_kraken/README.md",
    "plugins/helix-risk-extras/README.md",
)
_MARK = re.compile(r"<!-- (needs|tried|shows): (.+?) -->\s*")
_NOT_IN_A_SLUG = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Block:
    """A fenced block. `mark` is what a comment right above it says: needs, tried or shows, and what."""

    page: str
    line: int
    language: str
    text: str
    mark: tuple[str, str] | None

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"


def program(name: str) -> Any:
    """A program of docs/making, which is no package, as a module."""
    spec = importlib.util.spec_from_file_location(f"making_{name}", ROOT / "docs" / "making" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pages() -> list[str]:
    """Every page, as a path from the root."""
    return [*OUTSIDE_DOCS, *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]


@cache
def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


@cache
def _tokens(page: str) -> tuple[Token, ...]:
    return tuple(MarkdownIt("commonmark").enable("table").parse(text(page)))


def blocks(page: str) -> Iterator[Block]:
    mark = None
    for token in _tokens(page):
        if token.type == "fence":
            line = token.map[0] + 1 if token.map else 0
            yield Block(page, line, token.info.strip(), token.content, mark)
        found = _MARK.fullmatch(token.content) if token.type == "html_block" else None
        mark = (found[1], found[2]) if found else None


def links(page: str) -> Iterator[str]:
    """Where the links and images of a page lead."""
    for token in _tokens(page):
        for child in token.children or []:
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                yield str(target)


def code(page: str) -> Iterator[str]:
    """Code within sentences and tables."""
    for token in _tokens(page):
        yield from (child.content for child in token.children or [] if child.type == "code_inline")


@cache
def anchors(page: str) -> frozenset[str]:
    """What can stand after # in a link to this page: its headings, as code hosts and the site spell them."""
    found: list[str] = []
    tokens = _tokens(page)
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            words = "".join(child.content for child in tokens[place + 1].children or [])
            slug = _NOT_IN_A_SLUG.sub("", words.lower()).strip().replace(" ", "-")
            found.append(slug)
    return frozenset(found)
