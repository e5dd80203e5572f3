"""The contract of the owner's commands: what a notifier brings to the desk, and what it gets to say in return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing the owner said.

    `number` names it for good within its medium, without spaces: what comes again under the same number is heard once.
    `words` are the owner's, without the medium's own marks: `stop confirm`. `by` says for the record who spoke, `at`
    (aware UTC) when, by the medium's clock; None where the medium does not tell.
    """

    number: str
    words: str
    by: str
    at: datetime | None = None

    def __post_init__(self) -> None:
        """Keep the promise about `number`: what has none could be carried out twice."""
        if not self.number or self.number.split() != [self.number]:
            message = f"a number without spaces names what was said, not {self.number!r}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """Something to press instead of writing: `label` is what is on it, `words` what pressing it says."""

    label: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to the owner: plain text, and a button where the medium has such a thing."""

    text: str
    button: Button | None = None


class OwnerDesk(Protocol):
    """Where a listening notifier brings what the owner says. Core implements it; the words are core's as well.

    Only the owner may get this far: telling who that is, by what the medium itself vouches for, is the notifier's duty.
    """

    @property
    def menu(self) -> Mapping[str, str]:
        """Every command and what it does, in a few words, for a medium that can offer them."""

    def in_touch(self) -> None:
        """Say that the medium has just answered, with news or without. At least every two minutes, or it is too quiet.

        Then the listener counts as hung: it is cancelled, and started again after a pause.
        """

    def ignored(self) -> None:
        """Say that somebody who is not the owner was ignored. They are counted; nothing of theirs is kept."""

    async def hear(self, said: Said) -> Reply | None:
        """Carry out what the owner said, once, and return the answer; None for what has been heard before.

        Never raises for want of a database or a venue: the answer says so then. May be cancelled at any moment.
        """
