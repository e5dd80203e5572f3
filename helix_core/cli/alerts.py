"""`helix send` and `helix payload`: alerts, sent by hand and read aloud."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from helix_core.cli.speaking import console, errors, sentences
from helix_core.clock import SystemClock
from helix_core.domain.signal import Action  # noqa: TC001 - typer reads the annotation
from helix_core.errors import SignalUnreadable


@sentences
def send(
    action: Annotated[Action, typer.Argument(case_sensitive=False, help="BUY or SELL.")],
    price: Annotated[
        str, typer.Option(help="The alert's price, for the record: the size comes from the venue's.")
    ] = "1",
    signal_id: Annotated[str, typer.Option(help="The alert's id; made up from the time when left out.")] = "",
    url: Annotated[str, typer.Option(help="Where the bot listens; this machine and PORT when left out.")] = "",
) -> None:
    """Post a test alert to the bot that runs with the settings of this folder."""
    import httpx  # noqa: PLC0415 - keeps --help instant

    from helix_core.cli.bot import load  # noqa: PLC0415

    settings, _ = load()
    target = url or f"http://127.0.0.1:{settings.port}"
    alert = {
        "signal": action.value,
        "symbol": settings.trading_pair,
        "price": price,
        "signal_id": signal_id or f"helix-send-{SystemClock().now():%Y%m%d%H%M%S%f}",
        "strategy": "helix send",
    }
    headers = {"X-Webhook-Secret": settings.webhook_secrets[0].get_secret_value()}
    try:
        answer = httpx.post(f"{target}/webhook", json=alert, headers=headers, timeout=10)
    except httpx.HTTPError as error:
        errors.print(f"problem  No bot answered at {target} ({type(error).__name__}). Is `helix run` running there?")
        raise typer.Exit(1) from None
    console.print(f"{answer.status_code}  {answer.text}", markup=False)
    if not answer.is_success:
        raise typer.Exit(1)


@sentences
def payload(
    file: Annotated[Path, typer.Argument(help="A file with an alert's text; - reads standard input.")] = Path("-"),
) -> None:
    """Say what Helix understands of an alert's text, or what to change in it."""
    from helix_core.plugins import default_signal_source  # noqa: PLC0415

    try:
        text = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        errors.print(f"problem  {file} cannot be read: {error.strerror}.", markup=False)
        raise typer.Exit(1) from None
    source = default_signal_source()
    try:
        fields = dict(source.decode(text))
        secret = fields.pop("secret", None)
        signal = source.read(fields)
    except SignalUnreadable as unreadable:
        errors.print(f"problem  {unreadable.field}: {unreadable.problem}", markup=False)
        errors.print(f"fix      {unreadable.fix}", markup=False)
        raise typer.Exit(1) from None
    console.print(
        f"ok       {signal.action.value} {signal.symbol}, signal_id {signal.signal_id!r}", markup=False, soft_wrap=True
    )
    console.print(
        f"         price {signal.price} (for the record), strategy {signal.strategy!r}", markup=False, soft_wrap=True
    )
    console.print(
        f"         timestamp {signal.timestamp or 'none: its age is counted from its arrival'}",
        markup=False,
        soft_wrap=True,
    )
    held = "in the message" if secret else "not in the message: send it as header X-Webhook-Secret"
    console.print(f"         secret {held}", markup=False)
