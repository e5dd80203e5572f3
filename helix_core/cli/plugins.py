"""`helix plugins`: what is installed."""

from __future__ import annotations

import json

import typer
from rich.table import Table

from helix_core.cli.speaking import console, sentences


@sentences
def plugins(*, as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """List every plugin with its distribution and version. Needs no settings."""
    from helix_core.plugins import catalogue  # noqa: PLC0415 - keeps --help instant

    found = catalogue()
    if as_json:
        console.print_json(json.dumps(found))
        return
    for row in found:
        row["kinds"] = " ".join(row["kinds"]) if isinstance(row["kinds"], list) else ""
    table = Table("plugin", "provides", "distribution", "version", "status", box=None)
    for row in found:
        table.add_row(*(str(row[key]) for key in ("name", "kinds", "distribution", "version", "status")))
    console.print(table)
