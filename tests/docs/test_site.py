"""The site's pages are put together without a loss; Zensical itself, and its strictness, are `make docs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped] # nobody needs its types here
from markdown_it import MarkdownIt

from tests.docs.pages import ROOT, program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def site() -> Any:
    return program("site")


def leaves(nav: Any) -> Iterator[str]:
    for entry in nav if isinstance(nav, list) else [nav]:
        if isinstance(entry, dict):
            for below in entry.values():
                yield from leaves(below)
        else:
            yield entry


def test_every_page_is_in_the_menu_and_every_link_has_its_page(site: Any, tmp_path: Path) -> None:
    site.Pages(tmp_path / "pages").write()

    made = {str(path.relative_to(tmp_path / "pages")) for path in (tmp_path / "pages").rglob("*.md")}
    menu = set(leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]))
    assert {page for page in made if not page.startswith("files/")} == menu
    targets = {
        str(child.attrGet("href")).partition("#")[0]
        for page in menu
        for token in MarkdownIt("commonmark").enable("table").parse((tmp_path / "pages" / page).read_text("utf-8"))
        for child in token.children or []
        if child.attrGet("href")
    }
    assert {target for target in targets if target and "://" not in target} <= made


def test_what_would_be_fetched_from_elsewhere_is_noticed(site: Any, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<a href="https://there"><script src="https://cdn.example/x.js"></script>')

    assert len(site.fetched(tmp_path)) == 1
