"""All distributions carry one version, and what names it agrees. docs/releasing.md says how it is changed."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.packaging.built import DISTRIBUTIONS, ROOT, each_distribution

pytestmark = pytest.mark.packaging

VERSION = Version(DISTRIBUTIONS["helix-core"].project["version"])
HEADINGS = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


@each_distribution
def test_there_is_one_version(name: str) -> None:
    assert DISTRIBUTIONS[name].project["version"] == str(VERSION)


@each_distribution
def test_what_a_distribution_asks_of_the_core_admits_this_core(name: str) -> None:
    asked = [Requirement(each) for each in DISTRIBUTIONS[name].project["dependencies"]]

    assert [str(each) for each in asked if each.name == "helix-core" and VERSION not in each.specifier] == []


def test_the_changelog_begins_with_this_version_or_with_what_is_not_released_yet() -> None:
    """Under "Unreleased", pyproject.toml says already what the next release is called."""
    first, date = HEADINGS[0]

    if first == "Unreleased":
        assert all(Version(older) < VERSION for older, _ in HEADINGS[1:])
    else:
        assert Version(first) == VERSION
        assert date


def test_releases_are_dated_and_stand_newest_first() -> None:
    released = [(Version(name), date) for name, date in HEADINGS if name != "Unreleased"]

    assert all(date for _, date in released)
    assert released == sorted(released, reverse=True)


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md", "docs/systemd.md"])
def test_a_wheel_that_a_page_names_is_of_this_version(page: str) -> None:
    named = re.findall(r"helix_\w+-(\d[^-]*)-py3-none-any\.whl", (ROOT / page).read_text())

    assert set(named) <= {str(VERSION)}
