"""The `helix` command. Each command imports what it needs when it runs, so that `helix --help` is instant."""

from __future__ import annotations

from typing import Annotated

import typer

from helix_core.cli import (
    alerts,
    audit,
    backup,
    bot,
    check,
    explain,
    halts,
    plugins,
    reconcile,
    report,
    sandbox,
    trades,
)
from helix_core.cli.demo import command as demo
from helix_core.cli.init import command as init
from helix_core.cli.new import command as new

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Helix: executes trading signals, safely.",
)


def _say_version(wanted: bool) -> None:
    if not wanted:
        return
    import platform  # noqa: PLC0415 - keeps --help instant
    from importlib.metadata import version  # noqa: PLC0415

    typer.echo(f"Helix {version('helix-core')} on Python {platform.python_version()}")
    raise typer.Exit


@app.callback()
def _helix(
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say the version and exit.")
    ] = False,
) -> None:
    """Take what stands before the command."""


app.command("init")(init.init)
app.command("run")(bot.run)
app.command("check")(check.check)
app.command("demo")(demo.demo)
app.command("sandbox")(sandbox.sandbox)
app.command("send")(alerts.send)
app.command("payload")(alerts.payload)
app.command("plugins")(plugins.plugins)
app.command("new")(new.new)
app.command("trades")(trades.trades)
app.command("report")(report.report)
app.command("explain")(explain.explain)
app.command("halt")(halts.halt)
app.command("resume")(halts.resume)
app.command("reconcile")(reconcile.reconcile)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.add_typer(audit.audit, name="audit")


def main() -> None:
    """Run the command line."""
    app()
