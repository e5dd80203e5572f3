"""The command itself: what was asked for, and what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from helix_core.cli.new.kind import Kind  # noqa: TC001 - typer reads the annotations when it runs
from helix_core.cli.speaking import console, sentences


@sentences
def new(
    kind: Annotated[Kind, typer.Argument(help="What it will provide.")],
    name: Annotated[str, typer.Argument(help="What it is called, like max-spread; the distribution is helix-NAME.")],
    folder: Annotated[Path, typer.Option(help="Where to put the new folder helix-NAME.")] = Path(),
) -> None:
    """Write a repository for a plugin or a driver: it installs, passes its own tests, and `helix plugins` finds it."""
    from helix_core.cli.new.naming import Naming  # noqa: PLC0415 - keeps --help instant
    from helix_core.cli.new.repository import write  # noqa: PLC0415 - likewise

    made = write(kind, Naming.checked(name), folder)
    console.print(f"Written: {made}", markup=False)
    console.print("Next:", markup=False)
    for step in (f"cd {made}", 'pip install -e ".[test]"', "pytest", "helix plugins"):
        console.print(f"  {step}", markup=False)
