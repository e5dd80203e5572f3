"""What stands around the code is true as well: the pins, the commands the documents name, the licence."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from pathlib import Path

OWN = {"helix-core", "helix-binance", "helix-kraken"}
PROJECTS = ("pyproject.toml", "helix_binance/pyproject.toml", "helix_kraken/pyproject.toml")
# in pieces, so that this file passes its own test
MACHINE = re.compile("|".join(f"/{a}{b}/" for a, b in (("wo", "rk"), ("ro", "ot"), ("ho", "me"))))
REGISTRIES = re.compile("|".join((r"pypi\.o" + "rg", r"pythonho" + "sted", r"npm" + r"js\.", r"deb\.de" + "bian")))
PIN = re.compile(r"[a-z0-9-]+==\S+( ; [^\\]+)?( --hash=sha256:[0-9a-f]{64})+")


def pins(root: Path) -> list[str]:
    """The logical lines of requirements.txt."""
    joined = (root / "requirements.txt").read_text(encoding="ascii").replace("\\\n", "")
    return [" ".join(line.split()) for line in joined.splitlines() if line.strip()]


def declared(root: Path) -> list[str]:
    """Every dependency that a pyproject.toml names, the developers' and the build's too."""
    wanted: list[str] = []
    for name in PROJECTS:
        content = tomllib.loads((root / name).read_text(encoding="utf-8"))
        wanted += content["build-system"]["requires"] + content["project"]["dependencies"]
        wanted += content.get("dependency-groups", {}).get("dev", [])
        for extra in content["project"].get("optional-dependencies", {}).values():
            wanted += extra
    return [text for text in wanted if Requirement(text).name not in OWN]


def test_each_pin_is_one_version_with_its_hashes_and_no_address(root: Path) -> None:
    lines = pins(root)

    assert lines
    offenders = [line for line in lines if not PIN.fullmatch(line)]

    assert not offenders, "\n".join(offenders)


def test_everything_declared_is_pinned_to_a_version_it_allows(root: Path) -> None:
    pinned = [Requirement(line.split(" --hash")[0]) for line in pins(root)]

    def is_pinned(text: str) -> bool:
        wanted = Requirement(text)
        versions = [pin.specifier for pin in pinned if pin.name == canonicalize_name(wanted.name)]
        return bool(versions) and all(wanted.specifier.contains(str(each).removeprefix("==")) for each in versions)

    offenders = [text for text in declared(root) if not is_pinned(text)]

    assert not offenders, "\n".join(offenders)


def test_no_file_names_a_machines_folder_or_a_registrys_address(texts: dict[str, str]) -> None:
    offenders = [
        f"{where}:{number}: {line.strip()[:100]}"
        for where, text in sorted(texts.items())
        for number, line in enumerate(text.splitlines(), start=1)
        if MACHINE.search(line) or REGISTRIES.search(line)
    ]

    assert not offenders, "\n".join(offenders)


def test_every_make_command_in_the_documents_exists(texts: dict[str, str]) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", texts["Makefile"], re.MULTILINE))
    documents = {where: text for where, text in texts.items() if where.endswith(".md") or where == ".ci/run"}

    assert {"demo", "test"} <= targets
    offenders = [
        f"{where}: make {target}"
        for where, text in documents.items()
        for target in re.findall(r"^\s*make (?:[A-Z]+=\S+ )*([a-z-]+)\b|`make ([a-z-]+)", text, re.MULTILINE)
        if not set(filter(None, target)) <= targets
    ]

    assert not offenders, "\n".join(offenders)


def test_the_readme_shows_the_demo_and_the_tests(texts: dict[str, str]) -> None:
    assert "make demo" in texts["README.md"]
    assert "make test" in texts["README.md"]


def test_every_distribution_carries_the_same_licence(texts: dict[str, str]) -> None:
    assert texts["LICENSE"].startswith("MIT License\n\nCopyright (c) 2026 The Helix authors\n")
    assert texts["helix_binance/LICENSE"] == texts["helix_kraken/LICENSE"] == texts["LICENSE"]
