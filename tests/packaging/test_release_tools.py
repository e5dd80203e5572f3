"""What looks at a release is pinned like everything else: deploy/release-tools.txt."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.built import ROOT

pytestmark = pytest.mark.packaging

WANTED = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["release"]
LINES = (ROOT / "deploy" / "release-tools.txt").read_text("ascii").replace("\\\n", "").splitlines()
PIN = re.compile(r"[a-z0-9-]+==\S+( ; [^\\]+?)?( +--hash=sha256:[0-9a-f]{64})+")


def test_each_line_is_one_version_with_its_hashes() -> None:
    assert LINES
    assert [line for line in LINES if not PIN.fullmatch(line)] == []


@pytest.mark.parametrize("wanted", WANTED)
def test_each_tool_is_pinned_to_a_version_that_is_allowed(wanted: str) -> None:
    """`make lock` writes the file anew."""
    asked = Requirement(wanted)
    pinned = [Requirement(line.split(" --hash")[0]) for line in LINES]
    found = [
        str(each.specifier)[2:] for each in pinned if canonicalize_name(each.name) == canonicalize_name(asked.name)
    ]

    assert found
    assert all(version in asked.specifier for version in found)
