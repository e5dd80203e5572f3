"""The project's own files, read once, for the tests that judge their shape."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("helix_core", "plugins", "helix_binance", "helix_kraken")
NOT_OURS = {".git", ".venv", "build", "data", "dist", "logs", ".env", ".secrets.toml"}


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file: `where` from the project's root, its module's dotted name, its text and its tree."""

    where: str
    module: str
    text: str
    tree: ast.Module


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def product() -> list[Source]:
    """Every Python file that is shipped."""
    return [source(path) for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.fixture(scope="session")
def python(product: list[Source]) -> list[Source]:
    """Every Python file, the tests' too."""
    return product + [source(path) for path in sorted((ROOT / "tests").rglob("*.py"))]


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    """Every text file of the project by where it stands; what tools and the owner put beside them is left out."""
    found: dict[str, str] = {}
    folders = [ROOT]
    while folders:
        for path in folders.pop().iterdir():
            if path.name in NOT_OURS or path.name.endswith("_cache") or path.name in {"__pycache__", ".hypothesis"}:
                continue
            if path.is_dir():
                folders.append(path)
            else:
                found[str(path.relative_to(ROOT))] = path.read_text(encoding="utf-8", errors="replace")
    return found


def source(path: Path) -> Source:
    where = path.relative_to(ROOT)
    parts = where.with_suffix("").parts
    start = next(index for index, part in enumerate(parts) if part != "plugins")
    if "src" in parts:
        start = parts.index("src") + 1
    module = ".".join(parts[start:]).removesuffix(".__init__")
    text = path.read_text(encoding="utf-8")
    return Source(str(where), module, text, ast.parse(text))
