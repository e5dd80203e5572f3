"""The form of the log's lines, and what can be told of a log that somebody changed.

A line is a JSON object: its number `n`, `at`, `event`, `actor`, `facts`, the hash `prev` of the line before, and its
own `hash`, which is the SHA-256 of all the rest in canonical form (keys sorted, no spaces, ASCII). Whoever changes a
line must write anew all that follow; and the last hash is also kept in the database.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

TORN, LOST = "line_torn", "lines_lost"
"""Events that the log tells of itself: its last line was cut off in the middle; lines that were there are gone."""

ITSELF = "helix"
"""Who did what no human asked for."""

_FIELDS = ("n", "at", "event", "actor", "facts", "prev", "hash")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a log: the number of its last line, and the hash of its last whole one."""

    line: int = 0
    hash: str = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be recorded. `at` is aware UTC; `facts` are values that JSON knows, and hold no secret."""

    at: datetime
    event: str
    actor: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content(self) -> dict[str, Any]:
        """The part of its line that does not depend on its place."""
        at = self.at.isoformat().replace("+00:00", "Z")
        return {"at": at, "event": self.event, "actor": self.actor, "facts": dict(self.facts)}


@dataclass(frozen=True, slots=True)
class Problem:
    """The first line at which a log is not what was written, and what became of it, in words."""

    line: int
    what: str

    def __str__(self) -> str:
        """As a sentence without its end."""
        return f"line {self.line} was {self.what}"


@dataclass(slots=True)
class Chain:
    """A log as far as it has been read.

    `problem` is the first there is; `torn` numbers the lines that were cut off and are accounted for. `tail` is what
    stands after the last line break: nothing, in a log that was written whole. `broken` are the last lines, where they
    cannot be read. `hashes` gives each line's number.
    """

    head: Head = field(default_factory=Head)
    problem: Problem | None = None
    torn: list[int] = field(default_factory=list)
    tail: bytes = b""
    hashes: dict[str, int] = field(default_factory=dict)
    identities: set[str] = field(default_factory=set)
    broken: list[bytes] = field(default_factory=list)

    def read(self, content: bytes) -> None:
        """Go on with what follows in the file."""
        *lines, self.tail = (self.tail + content).split(b"\n")
        for line in lines:
            self._take(line)

    def close(self) -> None:
        """There is no more. A line that only lacks its end is one; lines that nothing accounts for were changed."""
        if self.tail and _parsed(self.tail) is not None:
            self.read(b"\n")
        if self.broken:
            self._blame(self.head.line - len(self.broken) + 1, "changed")

    def seal(self, entry: Entry) -> bytes:
        """The line of `entry`, after which the log goes on."""
        record = {"n": self.head.line + 1, **entry.content, "prev": self.head.hash}
        record["hash"] = _digest(record)
        line = _written(record)
        self._take(line)
        return line + b"\n"

    def knows(self, entry: Entry) -> bool:
        """True when just this stands in the log already."""
        return _digest(entry.content) in self.identities

    def missing(self, known: Head) -> Problem | None:
        """What is gone of a log that once ended at `known`."""
        if self.hashes.get(known.hash) is not None or known.line == 0:
            return None
        if known.line > self.head.line:
            return Problem(self.head.line + 1, f"removed: the log once had {known.line} lines")
        return Problem(known.line, "changed, or one before it: the database remembers another")

    def _take(self, line: bytes) -> None:
        record, number = _parsed(line), self.head.line + 1
        if record is None:
            self.broken.append(line)
            self.head = Head(number, self.head.hash)
            return
        if self.broken:
            self._account_for(record)
            self.broken = []
        elif record["prev"] != self.head.hash or record["n"] != number:
            self._blame(*self._misplaced(record, number))
        if record["event"] == LOST and number > 1:
            self._blame(number, "written where others were removed: the log had been longer")
        self.head = Head(number, record["hash"])
        self.hashes[record["hash"]] = number
        self.identities.add(_digest({name: record[name] for name in ("at", "event", "actor", "facts")}))

    def _account_for(self, record: dict[str, Any]) -> None:
        """Lines before could not be read. This one says that they were torn, or shows that somebody touched them."""
        number, follows = self.head.line + 1, record["prev"] == self.head.hash
        first = number - len(self.broken)
        if follows and record["n"] == number and record["event"] == TORN and record["facts"] == torn(self.broken):
            self.torn += range(first, number)
        else:
            self._blame(first, "inserted" if follows and record["n"] == first else "changed")

    def _misplaced(self, record: dict[str, Any], number: int) -> tuple[int, str]:
        """Which line is to blame when a whole line does not follow from the one before it, and what was done to it."""
        if record["hash"] in self.hashes:
            return number, f"inserted: it repeats line {self.hashes[record['hash']]}"
        if record["prev"] in self.hashes:
            return self.hashes[record["prev"]] + 1, "inserted"
        if record["n"] > number:
            return number, f"removed: what stands there is line {record['n']}"
        return max(1, number - 1), "changed"

    def _blame(self, line: int, what: str) -> None:
        if self.problem is None:
            self.problem = Problem(line, what)


def torn(lines: list[bytes]) -> dict[str, Any]:
    """The facts of an entry that accounts for lines which were cut off: what each of them was."""
    return {"lines": [{"bytes": len(line), "sha256": hashlib.sha256(line).hexdigest()} for line in lines]}


def _parsed(line: bytes) -> dict[str, Any] | None:
    """A line exactly as it was written, or None."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or tuple(record) != _FIELDS or not isinstance(record["n"], int):
        return None
    rest = {name: value for name, value in record.items() if name != "hash"}
    return record if record["hash"] == _digest(rest) and _written(record) == line else None


def _written(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()


def _digest(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, separators=(",", ":"), sort_keys=True).encode()).hexdigest()
