"""How the command line speaks: a sentence for each problem, an exit code, never a traceback."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec

import typer
from rich.console import Console

from helix_core.errors import ConfigError, HelixError, PluginError

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")

EXIT_PROBLEM = 1
EXIT_CONFIGURATION = 2

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def sentences(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what Helix raises on purpose into sentences on stderr and an exit code.

    2: settings or plugins are wrong and nothing was started. 1: anything else that Helix can name. A group of errors
    (from tasks that ran side by side) is told by its first.
    """

    @functools.wraps(command)
    def speak(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (HelixError, ExceptionGroup) as error:
            reason = _first(error)
            if not isinstance(reason, HelixError):
                raise
            tell(reason)
            raise typer.Exit(
                EXIT_CONFIGURATION if isinstance(reason, ConfigError | PluginError) else EXIT_PROBLEM
            ) from None

    return speak


def tell(error: HelixError) -> None:
    """Print every problem of an error, one a line."""
    for problem in str(error).splitlines():
        errors.print(f"[red]problem[/red]  {_escaped(problem)}")


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _escaped(text: str) -> str:
    return text.replace("[", "\\[")
