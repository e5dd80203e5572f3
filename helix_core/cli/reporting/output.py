"""Rows for people, for spreadsheets and for programs."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from helix_core.cli.reporting.columns import Row

_wide = Console(highlight=False, soft_wrap=True, width=1000)
"""A table is as wide as what it says: a narrow terminal breaks its lines, and no figure is cut."""


def show_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Print a table; the first column to the left, figures to the right."""
    table = Table(box=None, pad_edge=False)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(row[name].replace("[", "\\[") for name in columns))
    _wide.print(table)


def show_csv(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Print CSV with a line of names. A text that a spreadsheet would run as a formula is made a text."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_plain_text(row[name]) for name in columns] for row in rows)


def show_json(content: object) -> None:
    """Print JSON; figures are texts, so that no digit is lost."""
    typer.echo(json.dumps(content, indent=2))


def _plain_text(cell: str) -> str:
    number = cell[:1] == "-" and cell[1:2].isdigit()
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} and not number else cell
