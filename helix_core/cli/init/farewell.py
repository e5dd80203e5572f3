"""What the owner needs next: the alert message, where it goes, and three commands."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from helix_core.cli.speaking import console
from helix_core.config import TradingMode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from helix_core.settings import Settings

_HIDDEN = "your WEBHOOK_SECRET"


def alert_message(settings: Settings, secret: str) -> str:
    """The message to paste into an alert of a TradingView strategy, with TradingView's placeholders."""
    return (
        f'{{"secret": {json.dumps(secret)}, "signal": "{{{{strategy.order.action}}}}", '
        f'"symbol": "{settings.trading_pair}", "price": {{{{close}}}}, "timestamp": "{{{{timenow}}}}", '
        '"strategy": "my strategy", "signal_id": "{{strategy.order.id}}"}'
    )


def say_what_was_written(written: Iterable[str], kept: Path | None) -> None:
    """Name the files."""
    console.print(f"\nWritten: {' and '.join(written)}. Only you can read .secrets.toml.", markup=False)
    if kept is not None:
        console.print(f"The one that was there is kept as {kept.name}; it holds secrets too.", markup=False)


def say_what_to_paste(settings: Settings, host: str) -> None:
    """The alert message and the address. The secret is shown on a terminal only, and not in some script's log."""
    shown = settings.webhook_secrets[0].get_secret_value() if sys.stdout.isatty() else _HIDDEN
    console.print("\nIn TradingView, make an alert on your strategy and paste this as its message. It holds your")
    console.print("WEBHOOK_SECRET: whoever has that can trade with your bot. Show it to nobody.\n")
    console.print(alert_message(settings, shown), markup=False)
    if not sys.stdout.isatty():
        console.print("\n(The secret is shown on a terminal only. It stands in .secrets.toml, unless you gave it.)")
    console.print(
        "\nAn alert without a strategy: write BUY or SELL in place of {{strategy.order.action}}, and a name of"
    )
    console.print("your own in place of {{strategy.order.id}}.")
    name = host.removeprefix("https://").rstrip("/") or "YOUR-HOST"
    console.print(f"\nWebhook address: https://{name}/webhook", markup=False)
    console.print(
        f"TradingView reaches ports 80 and 443 only: put a proxy with HTTPS in front of port {settings.port}."
    )


def say_what_to_do(settings: Settings, *, holds_coins: bool) -> None:
    """The commands that come next."""
    steps = [("helix check", "looks at everything once more")]
    if holds_coins:
        steps.append(("helix reconcile --accept-baseline", "the coins that are there are yours: never sold"))
    if settings.trading_mode is TradingMode.LIVE:
        steps.append(("helix run", "runs the bot with REAL MONEY; it asks you to confirm that"))
    else:
        steps.append(("helix run", "runs the bot"))
        steps.append(("helix send BUY", "in a second terminal: a test alert, which buys"))
    console.print("\nNext:")
    for command, does in steps:
        console.print(f"  {command:<36} {does}", markup=False)
