"""`helix sandbox`: a venue on this machine, spoken to in its own protocol."""

from __future__ import annotations

import asyncio
import signal
from decimal import Decimal
from typing import TYPE_CHECKING

import typer

from helix_core.cli.speaking import console, sentences
from helix_core.domain.money import exact
from helix_core.errors import ConfigError

if TYPE_CHECKING:
    from helix_core.sandbox import Sandbox

GROUP = "helix.sandboxes"


@sentences
def sandbox(
    exchange: str = typer.Argument("", help="Whose protocol to speak; the only one installed when left out."),
    port: int = typer.Option(8900, min=1, max=65535, help="Where to listen, on this machine only."),
    price: str = typer.Option("64210.50", help="The price to begin with."),
) -> None:
    """Run a sandbox venue until interrupted. `/sandbox` on the same port moves its price and makes it fail."""
    venue = make(exchange, _read_price(price))
    try:
        asyncio.run(_serve(venue, port))
    except OSError as error:
        raise ConfigError(f"PORT {port} cannot be used: {error.strerror}. Choose another with --port.") from None


def _read_price(text: str) -> Decimal:
    try:
        price = exact(text)
    except ValueError:
        price = Decimal(0)
    if price <= 0:
        raise ConfigError(f"--price {text!r} is not a price: write it like 64210.50.")
    return price


def make(exchange: str, price: Decimal | int) -> Sandbox:
    """The sandbox of an installed driver. Raises ConfigError naming those that are installed."""
    from importlib.metadata import entry_points  # noqa: PLC0415

    installed = {point.name: point for point in entry_points(group=GROUP)}
    name = exchange.lower() or (next(iter(installed)) if len(installed) == 1 else "")
    if not installed:
        raise ConfigError(
            "No exchange driver is installed here, and a sandbox comes with one: install a driver with pip."
        )
    if name not in installed:
        problem = f"No driver with a sandbox is called {exchange!r}" if exchange else "Name the exchange"
        raise ConfigError(f"{problem}; installed: {', '.join(sorted(installed))}.")
    made: Sandbox = installed[name].load()(price=Decimal(price))
    return made


async def _serve(venue: Sandbox, port: int) -> None:
    from helix_core.sandbox.server import serving  # noqa: PLC0415

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(venue.app, port=port) as url:
        console.print(
            f"{venue.name} sandbox at {url}, {venue.symbol}, key {venue.api_key}, secret {venue.api_secret}",
            soft_wrap=True,
        )
        upper = venue.name.upper()
        console.print(
            f"{upper}_BASE_URL={url} {upper}_API_KEY={venue.api_key} {upper}_API_SECRET={venue.api_secret}",
            soft_wrap=True,
        )
        console.print(
            f"Control: POST {url}/sandbox/price, POST {url}/sandbox/faults, GET {url}/sandbox/ledger", soft_wrap=True
        )
        await stop.wait()
