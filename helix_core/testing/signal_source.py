"""The rules a signal source must keep. Each is described under its id in docs/plugin-rules.md."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from helix_core.clock import SystemClock
from helix_core.domain.signal import Signal
from helix_core.errors import SignalUnreadable
from helix_core.testing.rules import RuleSuite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helix_core.contracts.signal_source import Fields, SignalSource

SECRET = "planted-secret-of-the-rules"  # noqa: S105 - it guards nothing
_ODD = (
    b"",
    b" ",
    b"null",
    b"[]",
    b"{}",
    b"1",
    b'"text"',
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b"\x00" * 64,
    b"[" * 4000,
    b"{" * 4000,
    b'{"a":' * 800,
    b'"' * 4000,
    b"\\" * 4000,
    b"9" * 4000,
    b"-" * 4000,
)
_NO_PRICES = (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1", b"0", b'"abc"', b"null", b"true")
_FUZZED = 300
_BOUND_S = 0.25
"""What the worst message of 4 KiB may take: it is read while other alerts wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRig:
    """A source, the message its documentation shows, and the signal that this message is.

    `price` is the text of the price inside `example`, `secret_field` what the door calls the secret.
    """

    source: SignalSource
    example: bytes
    signal: Signal
    price: bytes
    secret_field: str = "secret"  # noqa: S105 - the name of a field

    def read(self, body: bytes) -> Signal:
        """Read a message as the door does: decode it, take the secret out, make a signal. Raises SignalUnreadable."""
        fields = self.source.decode(body)
        return self.source.read({name: value for name, value in fields.items() if name != self.secret_field})

    def refusal(self, body: bytes) -> SignalUnreadable | None:
        """How a message is refused; None when it is a signal. Anything else that is raised fails the rule."""
        try:
            signal = self.read(body)
        except SignalUnreadable as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not what the contract says
            pytest.fail(f"{body[:60]!r} raised {error!r}, which is not SignalUnreadable")
        assert isinstance(signal, Signal), f"{body[:60]!r} became {signal!r}"
        return None

    def unread(self, fields: Fields) -> SignalUnreadable | None:
        """How fields are refused; None when they are a signal."""
        try:
            self.source.read(fields)
        except SignalUnreadable as error:
            return error
        return None


class SignalSourceSuite(RuleSuite):
    """Subclass it as TestYourSource and write one fixture, `rig`, that returns a SignalRig."""

    @pytest.fixture
    def rig(self) -> SignalRig:
        """The source, its documented example and what that is."""
        message = "write a fixture `rig` that returns a SignalRig"
        raise NotImplementedError(message)

    async def test_ss01_reads_its_documented_example(self, rig: SignalRig) -> None:
        """What an owner pastes is what works."""
        assert rig.source.name.isidentifier()
        assert rig.read(rig.example) == rig.signal

    async def test_ss02_garbage_is_refused_and_nothing_else_happens(self, rig: SignalRig) -> None:
        """Odd messages, the example broken off at each byte, and the example with bytes changed."""
        for body in (*_ODD, *_broken_off(rig.example), *_fuzzed(rig.example)):
            rig.refusal(body)

        assert all(rig.refusal(body) is not None for body in _ODD)

    async def test_ss03_a_refusal_never_says_the_secret(self, rig: SignalRig) -> None:
        """The secret stands in the message; the error's text goes to logs and answers."""
        body = rig.example.replace(b"{", b'{"%s": "%s", ' % (rig.secret_field.encode(), SECRET.encode()), 1)
        assert SECRET.encode() in body, "the secret could not be put into the example: exempt the rule, and say why"

        refusals = [rig.refusal(each) for each in (*_broken_off(body), *_fuzzed(body))]

        told = [error for error in refusals if error is not None and SECRET in f"{error!r}{error}{vars(error)}"]
        assert told == []

    async def test_ss04_the_same_message_is_the_same_signal(self, rig: SignalRig) -> None:
        """Whatever was read in between."""
        first = rig.read(rig.example)
        rig.refusal(_ODD[0])

        assert rig.read(rig.example) == first

    @pytest.mark.parametrize("price", _NO_PRICES, ids=bytes.decode)
    async def test_ss05_a_price_that_is_none_is_refused(self, rig: SignalRig, price: bytes) -> None:
        """Not a number, without end, zero, negative, a word."""
        assert rig.price in rig.example, "the rig names the text of the price in its example"

        assert rig.refusal(rig.example.replace(rig.price, price, 1)) is not None

    async def test_ss06_a_field_given_twice_is_refused(self, rig: SignalRig) -> None:
        """Two readers could choose differently: one that checks it and one that trades on it."""
        names = re.findall(rb'"(\w+)"\s*:', rig.example)
        assert names, "the example is not JSON: exempt the rule, and say why"

        for name in names:
            body = rig.example.replace(b"{", b'{"%s": "twice", ' % name, 1)
            assert rig.refusal(body) is not None, f"{name!r} may be given twice"

    async def test_ss07_a_refusal_names_field_and_fix(self, rig: SignalRig) -> None:
        """The owner reads it in TradingView's log at night."""
        fields = rig.source.decode(rig.example)
        refused: list[str] = []
        for name in fields:
            error = rig.unread({key: value for key, value in fields.items() if key != name})
            refused += [] if error is None else [name]
            assert error is None or (error.field == name and error.problem.strip() and error.fix.strip()), error

        assert refused, "no field of the example is required"

    async def test_ss08_no_number_becomes_a_float(self, rig: SignalRig) -> None:
        """A float has lost digits before anybody could look at them."""
        assert [value for value in _values(rig.source.decode(rig.example)) if isinstance(value, float)] == []

    async def test_ss09_reading_changes_nothing(self, rig: SignalRig) -> None:
        """The fields are stored after they were read."""
        fields = rig.source.decode(rig.example)
        before = copy.deepcopy(fields)

        rig.source.read(fields)

        assert fields == before

    async def test_ss10_no_message_takes_long(self, rig: SignalRig) -> None:
        """No text of 4 KiB holds up the others."""
        clock = SystemClock()
        for body in _ODD:
            began_s = clock.monotonic()
            rig.refusal(body)
            assert clock.monotonic() - began_s < _BOUND_S, f"{body[:20]!r} takes too long"


def _broken_off(example: bytes) -> Iterator[bytes]:
    return (example[:end] for end in range(len(example)))


def _fuzzed(example: bytes) -> Iterator[bytes]:
    """The example with some bytes changed, inserted or removed; the same ones on every run."""
    for number in range(_FUZZED):
        chance = hashlib.sha256(number.to_bytes(4)).digest()
        body = bytearray(example)
        for step in range(1 + chance[0] % 4):
            place = int.from_bytes(chance[1 + 3 * step : 3 + 3 * step]) % len(body)
            match chance[20 + step] % 3:
                case 0:
                    body[place] = chance[3 + 3 * step]
                case 1:
                    body.insert(place, chance[3 + 3 * step])
                case _:
                    del body[place]
        yield bytes(body)


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner)
    else:
        yield value
