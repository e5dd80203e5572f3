"""Imports run down only, and who lives outside uses the door."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import helix_core

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.architecture.conftest import Source

DOORS = ("helix_core", "helix_core.ccxt", "helix_core.sandbox", "helix_core.testing")
SIDE_ROOMS = DOORS[1:]


def imports(tree: ast.AST) -> Iterator[str]:
    """The module of every import; `from helix_core import engine` names a room, `import Signal` the door."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "helix_core":
            names = {alias.name for alias in node.names}
            yield from ("helix_core" if name in helix_core.__all__ else f"helix_core.{name}" for name in names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "." * node.level


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_the_contracts_of_import_linter_are_kept(root: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]

    result = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


def test_plugins_and_drivers_come_in_through_the_doors(product: list[Source]) -> None:
    strangers = [source for source in product if not within(source.module, "helix_core")]

    assert strangers
    offenders = [
        f"{source.where} imports {name}"
        for source in strangers
        for name in imports(source.tree)
        if within(name, "helix_core") and name not in DOORS
    ]

    assert not offenders, "\n".join(offenders)


def test_core_does_not_use_its_own_public_door(product: list[Source]) -> None:
    core = [source for source in product if within(source.module, "helix_core")]
    inner = [source for source in core if not any(within(source.module, room) for room in SIDE_ROOMS)]

    offenders = [source.where for source in inner if "helix_core" in imports(source.tree)]

    assert not offenders, "\n".join(offenders)


def test_the_domain_stands_on_the_standard_library_alone(product: list[Source]) -> None:
    ground = [source for source in product if within(source.module, "helix_core.domain")]

    assert ground
    offenders = [
        f"{source.where} imports {name}"
        for source in ground
        for name in imports(source.tree)
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(within(name, floor) for floor in ("helix_core.domain", "helix_core.errors"))
    ]

    assert not offenders, "\n".join(offenders)


def test_imports_are_absolute_so_that_each_names_its_room(product: list[Source]) -> None:
    relative = [
        f"{source.where}:{node.lineno}"
        for source in product
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]

    assert relative == []
