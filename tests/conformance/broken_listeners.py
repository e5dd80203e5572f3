"""Notifiers that listen in wrong ways, each in one. What they listen to is a list in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helix_core import Notifier, Said

if TYPE_CHECKING:
    from helix_core import Notice, OwnerDesk, Reply


@dataclass
class Word:
    number: int
    text: str
    by_owner: bool


class Parlour:
    """The service: what was said and not confirmed, and what was sent back."""

    def __init__(self) -> None:
        self.open, self.said, self.sent, self.numbers = True, list[Word](), list[str](), 0

    def send(self, text: str) -> None:
        self._look()
        self.sent.append(text)

    async def news(self) -> list[Word]:
        """What there is to hear, as soon as there is any, or soon."""
        self._look()
        await asyncio.sleep(0.5)
        self._look()
        return list(self.said)

    def confirm(self, word: Word) -> None:
        self.said.remove(word)

    def _look(self) -> None:
        if not self.open:
            raise ConnectionError


class Butler(Notifier):
    """Listens as it should."""

    name = "butler"

    def __init__(self, parlour: Parlour) -> None:
        self.parlour = parlour

    async def notify(self, notice: Notice) -> None:
        self.parlour.send(notice.text)

    async def listen(self, desk: OwnerDesk) -> None:
        while True:
            words = await self.parlour.news()
            desk.in_touch()
            for word in words:
                await self.take(word, desk)

    async def take(self, word: Word, desk: OwnerDesk) -> None:
        if self.is_owner(word, desk):
            self.answer(await desk.hear(self.said(word)))
        self.parlour.confirm(word)

    def is_owner(self, word: Word, desk: OwnerDesk) -> bool:
        if not word.by_owner:
            desk.ignored()
        return word.by_owner

    def said(self, word: Word) -> Said:
        return Said(number=str(word.number), words=word.text.removeprefix("!"), by="the owner")

    def answer(self, reply: Reply | None) -> None:
        if reply is not None:
            self.parlour.send(reply.text)


class ObeysAnybody(Butler):
    def is_owner(self, word: Word, desk: OwnerDesk) -> bool:
        return True


class AnswersStrangers(Butler):
    def is_owner(self, word: Word, desk: OwnerDesk) -> bool:
        if not word.by_owner:
            self.parlour.send("I do not know you")
        return super().is_owner(word, desk)


class CountsNobody(Butler):
    def is_owner(self, word: Word, desk: OwnerDesk) -> bool:
        return word.by_owner


class LeavesMarks(Butler):
    def said(self, word: Word) -> Said:
        return Said(number=str(word.number), words=word.text, by="the owner")


class NeverAnswers(Butler):
    def answer(self, reply: Reply | None) -> None:
        pass


class ConfirmsFirst(Butler):
    async def take(self, word: Word, desk: OwnerDesk) -> None:
        self.parlour.confirm(word)
        if self.is_owner(word, desk):
            self.answer(await desk.hear(self.said(word)))


class NumbersAnew(Butler):
    def said(self, word: Word) -> Said:
        self.parlour.numbers += 1
        return Said(number=str(1000 + self.parlour.numbers), words=word.text.removeprefix("!"), by="the owner")


class ForgivesTheDesk(Butler):
    async def take(self, word: Word, desk: OwnerDesk) -> None:
        try:
            await super().take(word, desk)
        except ConnectionError:
            self.parlour.confirm(word)


class GoesOnForEver(Butler):
    async def listen(self, desk: OwnerDesk) -> None:
        while True:
            try:
                await super().listen(desk)
            except ConnectionError:
                await asyncio.sleep(1)


class GoesSilently(Butler):
    async def listen(self, desk: OwnerDesk) -> None:
        try:
            await super().listen(desk)
        except ConnectionError:
            return


class NeverInTouch(Butler):
    async def listen(self, desk: OwnerDesk) -> None:
        while True:
            for word in await self.parlour.news():
                await self.take(word, desk)


BROKEN = {
    ObeysAnybody: "nt09",
    AnswersStrangers: "nt09",
    CountsNobody: "nt09",
    LeavesMarks: "nt09",
    NeverAnswers: "nt09",
    ConfirmsFirst: "nt10",
    NumbersAnew: "nt10",
    ForgivesTheDesk: "nt10",
    GoesOnForEver: "nt11",
    GoesSilently: "nt11",
    NeverInTouch: "nt11",
}
"""Each with the rule that finds it out."""
