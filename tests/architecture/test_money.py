"""Money is exact: no float where prices, quantities and percentages are reckoned with."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeGuard

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.architecture.conftest import Source

ROOMS = (
    "helix_core.cli.demo.indicators",
    "helix_core.cli.demo.strategy",
    "helix_core.domain",
    "helix_core.engine",
    "helix_core.risk",
    "helix_core.sizing",
    "helix_core.store",
    "helix_plugins.risk",
)
FOR_PEOPLE = {"helix_core.engine.desk"}
"""What /health and /status answer: rounded figures that nothing is reckoned from."""
TRADE_COLUMNS = {"entry_price", "exit_price", "quantity", "stop_loss_price", "pnl", "pnl_pct"}
REAL_COLUMNS = TRADE_COLUMNS | {"total_pnl", "total_pnl_pct", "max_drawdown_pct"}
"""The views for people and tools; the exact decimals live in the journal and the fills. mypy keeps Decimal fields."""


def floats(tree: ast.AST) -> list[int]:
    """The line of every float literal and every call of float(), save for times and the views' REAL columns."""
    allowed = {id(inner) for name, value in named_values(tree) if may_be_float(name) for inner in ast.walk(value)}
    return [node.lineno for node in ast.walk(tree) if is_float(node) and id(node) not in allowed]


def is_float(node: ast.AST) -> TypeGuard[ast.expr]:
    match node:
        case ast.Constant(value=float()) | ast.Call(func=ast.Name(id="float")):
            return True
        case _:
            return False


def may_be_float(name: str) -> bool:
    """Units stand last in a name: seconds, and readings of the monotonic clock."""
    return name.lower().endswith(("_s", "_at")) or name in REAL_COLUMNS


def named_values(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Values by what they are called: targets, what a loop runs over, arguments and their defaults."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                yield from zip(map(named, targets), values, strict=False)
            case ast.Assign(targets=targets, value=value):
                yield from ((named(target), value) for target in targets)
            case ast.For(target=target, iter=value):
                yield named(target), value
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield named(target), value
            case ast.keyword(arg=str(name), value=value):
                yield name, value
            case ast.arguments(args=args, defaults=defaults, kwonlyargs=keywords, kw_defaults=keyword_defaults):
                yield from zip((each.arg for each in args[len(args) - len(defaults) :]), defaults, strict=True)
                pairs = zip(keywords, keyword_defaults, strict=True)
                yield from ((each.arg, default) for each, default in pairs if default is not None)


def named(target: ast.expr) -> str:
    """The last word of a target: `pnl` for `row.pnl`."""
    return str(getattr(target, "attr", None) or getattr(target, "id", ""))


def test_no_float_where_money_is_reckoned(product: list[Source]) -> None:
    rooms = [source for source in product if source.module.startswith(ROOMS) and source.module not in FOR_PEOPLE]

    assert rooms
    offenders = [f"{source.where}:{line}" for source in rooms for line in floats(source.tree)]

    assert not offenders, "\n".join(offenders)


@pytest.mark.parametrize(
    ("code", "caught"),
    [
        ("fee = 0.001", True),
        ("fee = Decimal(0.001)", True),
        ("price = float(row.price)", True),
        ("def f(wait_s=1.0, risk_pct=1.0): ...", True),
        ("for wait_s in (0.5, 1.5): price = 0.5", True),
        ("fee = Decimal('0.001')", False),
        ("TIMEOUT_S = 2.5", False),
        ("pauses_s: tuple[float, ...] = (0.2, 0.8)", False),
        ("wait(timeout_s=2.5)", False),
        ("def f(*, wait_s: float = 1.0): ...", False),
        ("self._asked_at = self._answered_at = float('-inf')", False),
        ("row.pnl = float(pnl)", False),
        ("row.pnl, row.pnl_pct = float(pnl), float(pnl_pct)", False),
    ],
)
def test_the_rule_sees_floats_and_lets_times_be(code: str, caught: bool) -> None:
    assert bool(floats(ast.parse(code))) is caught
