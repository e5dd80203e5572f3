"""No link leads nowhere: files, pages and headings. Addresses on the internet are not asked."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import ROOT, anchors, links, pages


def broken(page: str, target: str) -> str | None:
    """What is wrong with a link of a page; None when it leads somewhere."""
    parts = urlsplit(target)
    if parts.scheme in {"http", "https", "mailto"}:
        return None
    if parts.scheme or parts.netloc or parts.path.startswith("/"):
        return f"{target}: write a path from this page"
    file = (ROOT / page).parent / unquote(parts.path) if parts.path else ROOT / page
    if not file.resolve().is_relative_to(ROOT) or not file.exists():
        return f"{target}: there is no such file"
    if parts.fragment and file.suffix == ".md":
        known = anchors(str(file.resolve().relative_to(ROOT)))
        if parts.fragment not in known:
            return f"{target}: no such heading; there are {', '.join(sorted(known))}"
    return None


@pytest.mark.parametrize("page", pages())
def test_each_link_leads_somewhere(page: str) -> None:
    problems = [problem for target in links(page) if (problem := broken(page, target))]

    assert not problems, "\n".join(problems)


def test_a_link_to_nowhere_is_noticed() -> None:
    """The test above can fail."""
    wrong = ("nowhere.md", "watching.md#no-such-heading", "#no-such-heading", "../../outside.md", "/docs/index.md")

    assert all(broken("docs/index.md", target) for target in wrong)


def test_the_index_names_every_page() -> None:
    """A page that nobody finds is not there."""
    named = {target.partition("#")[0] for target in links("docs/index.md")}
    there = {page.removeprefix("docs/") for page in pages() if page.startswith("docs/") and page != "docs/index.md"}

    assert there <= named, there - named
