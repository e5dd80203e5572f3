"""Writes docs/commands.md from the command line itself. A test says whether the page is up to date."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.main import get_command

from helix_core.cli import app
from helix_core.engine.commands import MENU

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "commands.md"

HEAD = """\
# Commands

<!-- Written by docs/making/commands_page.py from the command line itself. Change the code, then `make docs`. -->

`helix` works on the bot of the folder in which it is started: its settings, its database, its audit log. What looks or
decides may be used beside a bot that runs; only `restore` wants it stopped.

Exit codes: 0, done; 1, something that Helix can name is wrong, or is left to decide; 2, settings, plugins or arguments
are wrong and nothing was done.
"""

PHONE = """
## From your phone

Only your chat is heard ([Telegram](telegram.md)).

| say | it does |
| --- | --- |
"""


def commands(group: Any, words: tuple[str, ...] = ("helix",)) -> Iterator[tuple[str, Any]]:
    """Every command with its whole name, groups opened up."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


def one(name: str, command: Any) -> Iterator[str]:
    """A command: how it is written, what it does, what it takes."""
    named = [given for given in command.params if given.param_type_name == "option"]
    places = [given for given in command.params if given.param_type_name == "argument"]
    wanted = " ".join(_place(given) for given in places)
    yield f"\n## {name}\n\n`{f'{name} {wanted}'.strip()}`\n\n{_flowing(command.help)}\n"
    rows = [(_place(given), _chosen(given), given.default) for given in places]
    rows += [(", ".join(given.opts), given.help, given.default) for given in named if given.name != "help"]
    if rows:
        yield "\n| | |\n| --- | --- |\n"
    for what, does, default in rows:
        yield f"| `{what}` | {_cell(does, default)} |\n"


def _place(given: Any) -> str:
    name = (given.metavar or given.name).strip("{}").upper().replace("_", "-")
    return name if given.required else f"[{name}]"


def _chosen(given: Any) -> str:
    kind = str(given.display_type)
    return f"{given.help} One of {kind.strip('<>').replace('|', ', ')}." if "|" in kind else str(given.help)


def _cell(words: str | None, default: object) -> str:
    text = _flowing(words).replace("|", "\\|").replace("<", "&lt;")
    plain = isinstance(default, str | int) and not isinstance(default, bool) and default != ""
    return f"{text} Default: `{default}`." if plain else text


def _flowing(words: str | None) -> str:
    paragraphs = inspect.cleandoc(words or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for name, command in commands(get_command(app)):
        parts += one(name, command)
    parts += [PHONE, *(f"| `/{name}` | {does} |\n" for name, does in MENU.items())]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
