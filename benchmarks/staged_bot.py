"""`helix`, with a note of when each stage of a signal began and ended: `staged_bot.py run` in place of `helix run`.

STAGES names the functions, from the outside in; what one does less what those inside it do is the stage's own time. A
note costs a microsecond. They are written to spans.json, in the folder of the bot, when it ends.
"""

from __future__ import annotations

import atexit
import contextvars
import functools
import importlib
import inspect
import json
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

STAGES = (
    ("door", "helix_core.web.threshold:Threshold.__call__"),
    ("auth", "helix_core.web.threshold:Threshold._admitted"),
    ("parse", "helix_plugins.tradingview.source:TradingView.decode"),
    ("parse", "helix_plugins.tradingview.source:TradingView.read"),
    ("inbox", "helix_core.engine.desk:TradingDesk.accept"),
    ("worker", "helix_core.engine.worker:Worker._end"),
    ("market view", "helix_core.engine.market:Market.view"),
    ("sizing", "helix_core.engine.entry:Entry._intent"),
    ("gates", "helix_core.engine.snapshot:Snapshots.of"),
    ("gates", "helix_core.risk.engine:RiskEngine.judge"),
    ("gates", "helix_core.engine.entry:Entry._refuse_unless_allowed"),
    ("journal", "helix_core.engine.orders:OrderDesk.send"),
    ("order call", "helix_core.engine.orders:OrderDesk._send_until_known"),
    ("sign", "ccxt.async_support:binance.sign"),
    ("send", "helix_core.ccxt.wire:_exchange"),
    ("fills", "helix_core.engine.orders:OrderDesk.fills"),
    ("record the trade", "helix_core.engine.ledger:Ledger.open"),
    ("protect", "helix_core.engine.protection:Protection.ensure"),
    ("stop", "helix_core.engine.stops:Stops.put"),
)
COUNTED = (
    ("reads", "helix_core.store.database:Store.read"),
    ("writes", "helix_core.store.database:Store.write"),
)
"""What is only counted: transactions."""

spans: list[tuple[str, float, float]] = []
on_the_way: contextvars.ContextVar[bool] = contextvars.ContextVar("on_the_way", default=False)
"""Set for what is done for a signal; what goes on beside it (polls, messages) is left out."""


def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with a note of when it began and ended."""

    @functools.wraps(function)
    async def later(*given: Any, **more: Any) -> Any:
        token = on_the_way.set(stage in {"door", "worker"} or on_the_way.get())
        begun = perf_counter()
        try:
            return await function(*given, **more)
        finally:
            _note(stage, begun)
            on_the_way.reset(token)

    @functools.wraps(function)
    def now(*given: Any, **more: Any) -> Any:
        begun = perf_counter()
        try:
            return function(*given, **more)
        finally:
            _note(stage, begun)

    return later if inspect.iscoroutinefunction(function) else now


def _note(stage: str, begun: float) -> None:
    if on_the_way.get():
        spans.append((stage, begun, perf_counter()))


def wrap(stage: str, name: str) -> None:
    """Put `timed` around what is called so. Ends the program where nothing is."""
    module, _, path = name.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, last = path.split(".")
    try:
        for part in outer:
            owner = getattr(owner, part)
        setattr(owner, last, timed(stage, getattr(owner, last)))
    except AttributeError:
        sys.exit(f"{name} is not there any more: say in STAGES of benchmarks/staged_bot.py what the stage is now")


def main() -> None:
    """Wrap what is named and be `helix`."""
    for stage, name in (*STAGES, *COUNTED):
        wrap(stage, name)
    atexit.register(lambda: Path("spans.json").write_text(json.dumps(spans), encoding="utf-8"))
    from helix_core.cli import main as helix  # noqa: PLC0415 - after all is wrapped

    helix()


if __name__ == "__main__":
    main()
