"""Small files, small functions, nothing swallowed, and no venue's name where it does not belong."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.architecture.conftest import Source

LONGEST_FILE, LONGEST_FUNCTION = 300, 60
VENUES = re.compile("binance|kraken", re.IGNORECASE)


def functions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Name and length in lines of every function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def swallowed(tree: ast.AST) -> Iterator[int]:
    """The line of every handler that does nothing at all."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and all(
            isinstance(step, ast.Pass) or (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))
            for step in node.body
        ):
            yield node.lineno


def test_a_file_is_one_noun(python: list[Source]) -> None:
    lengths = {source.where: source.text.count("\n") for source in python}

    assert {where: lines for where, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_a_function_fits_on_a_screen(python: list[Source]) -> None:
    offenders = [
        f"{source.where}: {name} has {lines} lines"
        for source in python
        for name, lines in functions(source.tree)
        if lines > LONGEST_FUNCTION
    ]

    assert not offenders, "\n".join(offenders)


def test_no_exception_is_swallowed(python: list[Source]) -> None:
    offenders = [f"{source.where}:{line}" for source in python for line in swallowed(source.tree)]

    assert not offenders, "\n".join(offenders)


@pytest.mark.parametrize("body", ["pass", "...", "'nothing to do'"])
def test_the_rule_sees_each_way_of_doing_nothing(body: str) -> None:
    code = f"try: work()\nexcept OSError:\n  {body}"

    assert list(swallowed(ast.parse(code))) == [2]


def test_only_a_driver_names_its_venue(product: list[Source]) -> None:
    offenders = [
        f"{source.where}:{number}: {line.strip()}"
        for source in product
        if not source.where.startswith(("helix_binance", "helix_kraken"))
        for number, line in enumerate(source.text.splitlines(), start=1)
        if VENUES.search(line)
    ]

    assert not offenders, "\n".join(offenders)
