"""What others need for the same work: `python benchmarks/peers.py`.

Each is installed from PyPI into an environment of its own (build/benchmarks), pinned in a list beside this file, and
trades before a sandbox venue like Helix's, in the same minutes as Helix and the floor:

- freqtrade buys on `forceenter` of its REST API; its stop comes from its loop, every 5 s as shipped. The sandbox knows
  no STOP_LOSS_LIMIT, so freqtrade sells again where its stop would go: that is what is timed in place of the stop.
- pulse-tradingview, a webhook for TradingView's alerts, with pulse-binance: told in its own words.

Exit code 1: something could not be measured. That a peer does not work is told, and no failure of the measurement.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import stand
from figures import CannotMeasure, Figure, keep, p50, print_rows
from rivals import Freqtrade, freqtrade, pulse_says
from stand import Times
from wire import FLOOR, HELIX, arguments, both, measure, own_ms, run

if TYPE_CHECKING:
    import argparse

    from line import Arrival

_PATIENCE_S = 30.0
_ROUND_S, _UNEVEN_S = 5.0, 3.09
"""freqtrade's loop goes round every 5 s: alerts come at other moments of it each time."""


async def of_freqtrade(asked: argparse.Namespace, delay_ms: float) -> Times:
    """Have freqtrade buy, as often as asked; each time its loop sells again. Raises CannotMeasure."""
    times = Times()
    with tempfile.TemporaryDirectory(prefix="helix-peers-", dir=asked.folder) as folder:
        async with freqtrade(Path(folder), delay_ms / 1000) as bot:
            for n in range(-1, asked.alerts):
                sent = await bot.buy()
                order, after = await _both_orders(bot, sent.at)
                if n >= 0 and order.known_at is not None:
                    times.to_order.append(order.at - sent.at)
                    times.to_answer.append(sent.answered_at - sent.at)
                    times.to_stop.append(after.at - order.known_at)
                await asyncio.sleep(1.0 + n * _UNEVEN_S % _ROUND_S)  # its sale is booked, and its loop anywhere
    return times


async def _both_orders(bot: Freqtrade, since: float) -> list[Arrival]:
    """The entry, and what its loop did next."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while len(orders := [one for one in bot.line.since(since) if one.places]) < 2:  # noqa: ASYNC110 - it is waited for
                await asyncio.sleep(0.05)
    except TimeoutError as late:
        raise CannotMeasure(f"freqtrade's loop did nothing about its position within {_PATIENCE_S:g} s") from late
    return orders[:2]


async def main(asked: argparse.Namespace) -> None:
    """Measure them at each distance."""
    with tempfile.TemporaryDirectory(prefix="helix-peers-") as folder:
        said = await pulse_says(Path(folder))
    for delay_ms in asked.delay_ms:
        found = {FLOOR: await measure(stand.floor, asked, delay_ms), HELIX: await measure(stand.helix, asked, delay_ms)}
        found[Freqtrade.name] = await of_freqtrade(asked, delay_ms)
        _report(found, delay_ms, asked)
    print(f"\npulse-tradingview with pulse-binance, told to buy: {said}")


def _report(found: dict[str, Times], delay_ms: float, asked: argparse.Namespace) -> None:
    print(f"\nThe venue {delay_ms:g} ms away one way, {asked.alerts} trades each; milliseconds, p50 and p99:")
    least = own_ms(found[FLOOR].to_order, delay_ms)
    rows = []
    for name, times in found.items():
        ratio = [own / floor for own, floor in zip(own_ms(times.to_order, delay_ms), least, strict=True)]
        floors = f"{ratio[0]:.1f}, {ratio[1]:.1f}"
        rows.append([name, both(times.to_order), floors, both(times.to_stop), both(times.to_answer)])
    print_rows(
        ["", "BUY, order at the venue", "less the way, in floors", "stop, after its order's answer", "answered"], rows
    )
    rival, helix = found[Freqtrade.name], found[HELIX]
    for what, own, other in (
        ("alert to order", helix.to_order, rival.to_order),
        ("order's answer to stop", helix.to_stop, rival.to_stop),
    ):
        keep([_figure(f"{what}, venue {delay_ms:g} ms away", own, other)], asked.into)


def _figure(what: str, own: list[float], other: list[float]) -> Figure:
    return Figure(
        what=f"Helix: {what}, p50",
        value=1000 * p50(own),
        unit="ms",
        beside=Freqtrade.name,
        reference=1000 * p50(other),
        ratio=p50(own) / p50(other),
    )


if __name__ == "__main__":
    parser = arguments("What others need for the same work.", alerts=10)
    parser.add_argument("--delay-ms", type=float, nargs="+", default=[0, 25], help="how far the venue is, one way")
    parser.set_defaults(requests=False)
    run(main(parser.parse_args()))
