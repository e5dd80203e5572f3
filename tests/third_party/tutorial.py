"""A tutorial as what it is: steps that somebody follows from top to bottom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"(Write|[Ii]n) `([^`]+\.\w+)`")


@dataclass(frozen=True)
class Command:
    """`$ words`, and what it is said to print."""

    words: str
    prints: tuple[str, ...]


@dataclass(frozen=True)
class Write:
    """A file with this text."""

    path: str
    text: str


@dataclass(frozen=True)
class Quote:
    """A part of a file that is there already."""

    path: str
    text: str


def steps(markdown: str) -> Iterator[Command | Write | Quote]:
    """What the blocks ask for, in order. The sentence above a block names its file, and says whether to write it."""
    end = 0
    for block in _BLOCK.finditer(markdown):
        kind, text = block.groups()
        if kind == "console":
            yield from commands(text)
        else:
            named = _PATH.findall(markdown[end : block.start()])
            assert named, f"no file is named for the block {text[:60]!r}"
            verb, path = named[-1]
            yield Write(path, text) if verb == "Write" or kind == "toml" else Quote(path, text)
        end = block.end()


def commands(text: str) -> Iterator[Command]:
    """Each line after a `$` up to the next one is printed by it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        words, *prints = part.strip().splitlines()
        yield Command(words, tuple(prints))
