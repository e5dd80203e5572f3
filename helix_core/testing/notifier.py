"""The rules a notifier must keep. Each is described under its id in docs/plugin-rules.md."""

from __future__ import annotations

import asyncio
import traceback
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import pytest

from helix_core.domain.notice import Notice, NoticeKind
from helix_core.testing.desk import RecordingDesk, listening, takes_commands, until
from helix_core.testing.listening import everything_logged
from helix_core.testing.rules import RuleSuite

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from helix_core.contracts.notifier import Notifier

_AT = datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)
_MARKUP = (
    "<b>bold</b> &amp; *stars* _lines_ `code` [link](https://example.org) {braces} %s %(x)s $HOME \\n",
    "🟢 OPENED: BUY BTC/USDT @ 64210.50 | Size: 0.0084 | SL: 62926.30",
    "⛔ STOP LOSS: BTC/USDT @ 63812.50 | Loss: −$101.82",
)
_LONG = "A long story. " * 1000
_PATIENCE_S = 30.0


class NotifierRig(ABC):
    """A notifier and the service behind it. Opened and closed as an async context, once."""

    secrets: Sequence[str] = ()

    @property
    @abstractmethod
    def notifier(self) -> Notifier:
        """The notifier, always the same one. It is made when the service is open."""

    @abstractmethod
    def received(self) -> list[str]:
        """Every text that reached the owner, oldest first."""

    @abstractmethod
    def fail(self) -> None:
        """Let the service refuse every message from now on."""

    @abstractmethod
    def recover(self) -> None:
        """Let it take messages again."""

    def say(self, words: str, *, by_owner: bool = True) -> None:
        """Let the owner, or somebody else, say `words` by the service, in the form in which it has commands there.

        Only for a notifier that listens. What is said waits until somebody listens.
        """
        message = "this notifier listens: write `say`, by which the owner and strangers speak to it"
        raise NotImplementedError(message)

    async def __aenter__(self) -> Self:
        """Open the service, where there is one to open."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""


class NotifierSuite(RuleSuite):
    """Subclass it as TestYourNotifier and write one fixture, `rig`, that returns a NotifierRig."""

    @pytest.fixture
    def rig(self) -> NotifierRig:
        """The notifier with its service, new for each rule, not yet open."""
        message = "write a fixture `rig` that returns a NotifierRig"
        raise NotImplementedError(message)

    async def test_nt01_names_itself(self, rig: NotifierRig) -> None:
        """Its place in the outbox is kept under this name."""
        async with rig:
            assert rig.notifier.name.replace("-", "_").isidentifier()

    async def test_nt02_delivers_in_order(self, rig: NotifierRig) -> None:
        """What was sent arrives, all of it, as it was sent."""
        texts = [f"message {number}" for number in range(5)]
        async with rig:
            await _started(rig)
            for text in texts:
                await _send(rig, text)
            await rig.notifier.stop()

        assert rig.received() == texts

    async def test_nt03_a_message_that_did_not_arrive_raises(self, rig: NotifierRig) -> None:
        """Returning means delivered; the same message goes through once the service is back."""
        async with rig:
            await _started(rig)
            rig.fail()
            raised = await _trouble(rig, "lost?")
            rig.recover()
            await _send(rig, "lost?")
            await rig.notifier.stop()

        assert raised is not None, "the service refused the message, and notify returned"
        assert rig.received() == ["lost?"]

    async def test_nt04_stops_at_any_time(self, rig: NotifierRig) -> None:
        """Before it was started, and twice."""
        async with rig:
            await rig.notifier.stop()
            await _started(rig)
            await rig.notifier.stop()
            await rig.notifier.stop()

    async def test_nt05_starts_again_after_a_failure(self, rig: NotifierRig) -> None:
        """A service that was down at the start is tried again later."""
        async with rig:
            rig.fail()
            await _swallow(rig.notifier.start())
            rig.recover()
            await _started(rig)
            await _started(rig)
            await _send(rig, "here again")
            await rig.notifier.stop()

        assert rig.received() == ["here again"]

    async def test_nt06_no_text_says_a_secret(self, rig: NotifierRig) -> None:
        """Not an error with all that hangs on to it, not a log, not a repr."""
        async with rig:
            with everything_logged() as log:
                await _started(rig)
                await _send(rig, "fine")
                rig.fail()
                errors = [await _trouble(rig, "not fine"), await _swallow(rig.notifier.start())]
                errors.append(await _swallow(rig.notifier.listen(RecordingDesk())))
                await rig.notifier.stop()

        said = "\n".join([repr(rig.notifier), *map(_all_of, errors), *log])
        assert [secret for secret in rig.secrets if secret in said] == []

    async def test_nt07_a_text_is_only_a_text(self, rig: NotifierRig) -> None:
        """What would be markup in the medium arrives as it was written."""
        async with rig:
            await _started(rig)
            for text in _MARKUP:
                await _send(rig, text)
            await rig.notifier.stop()

        assert [text.strip() for text in rig.received()] == [text.strip() for text in _MARKUP]

    async def test_nt08_no_text_stops_the_outbox(self, rig: NotifierRig) -> None:
        """A text the medium cannot take whole is cut: a message that can never be delivered holds up all others."""
        async with rig:
            await _started(rig)
            for text in (_LONG, "\N{MAN}\N{ZERO WIDTH JOINER}\N{ROCKET}", "after them"):
                await _send(rig, text)
            await rig.notifier.stop()

        assert rig.received()[0].startswith(_LONG[:500])
        assert rig.received()[-1] == "after them"

    async def test_nt09_hears_and_answers_the_owner_alone(self, rig: NotifierRig) -> None:
        """A stranger's words are ignored, and counted; the owner's come without the marks of the medium."""
        async with rig:
            if not takes_commands(rig.notifier):
                return
            desk = RecordingDesk()
            async with listening(rig.notifier, desk):
                rig.say("stop", by_owner=False)
                rig.say("today")
                await until(rig.received, _PATIENCE_S)

        assert [said.words for said in desk.heard] == ["today"]
        assert desk.strangers == 1
        assert rig.received() == ["heard today"]

    async def test_nt10_what_was_not_carried_out_comes_again(self, rig: NotifierRig) -> None:
        """Under the same number: it is confirmed to the medium once it was heard to its end, and not before."""
        async with rig:
            if not takes_commands(rig.notifier):
                return
            desk = RecordingDesk(fails=True)
            rig.say("resume")
            assert await _swallow(rig.notifier.listen(desk)) is not None, "hear raised, and listen did not"
            desk.fails = False
            async with listening(rig.notifier, desk):
                await until(rig.received, _PATIENCE_S)

        first, second = desk.heard
        assert (first.number, first.words) == (second.number, "resume")

    async def test_nt11_a_line_that_breaks_raises(self, rig: NotifierRig) -> None:
        """And says that it is in touch for as long as it stands."""
        async with rig:
            if not takes_commands(rig.notifier):
                return
            desk = RecordingDesk()
            rig.fail()
            error = await _swallow(rig.notifier.listen(desk))
            touched = desk.touches
            rig.recover()
            async with listening(rig.notifier, desk):
                await until(lambda: desk.touches > touched, _PATIENCE_S)

        assert error is not None, "the service is down, and listen returned"
        assert not isinstance(error, TimeoutError), "the service is down, and listen went on"


def _notice(text: str) -> Notice:
    return Notice(notice_id=1, kind=NoticeKind.ERROR, text=text, at=_AT)


async def _started(rig: NotifierRig) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        await rig.notifier.start()


async def _send(rig: NotifierRig, text: str) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        await rig.notifier.notify(_notice(text))


async def _trouble(rig: NotifierRig, text: str) -> Exception | None:
    return await _swallow(rig.notifier.notify(_notice(text)))


async def _swallow(call: object) -> Exception | None:
    """What `call` raised, if it did."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await call  # type: ignore[misc]
    except Exception as error:  # noqa: BLE001 - whatever a notifier raises means "not delivered"
        return error
    return None


def _all_of(error: BaseException | None) -> str:
    return "" if error is None else "".join([repr(error), *traceback.format_exception(error)])
