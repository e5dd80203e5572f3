"""What a flood costs is bounded: its counts, its lines in the log, and the reading of its messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from helix_core.clock import Clock
from helix_core.errors import SignalUnreadable
from helix_core.web.counts import Counts
from helix_core.web.keyring import Keyring
from helix_core.web.seldom import Seldom
from helix_plugins.tradingview import TradingView

SECRET = "correct-horse-battery-staple"


class HandClock(Clock):
    """Time that stands until it is moved."""

    def __init__(self):
        self.seconds = 1000.0

    def now(self):
        return datetime(2026, 5, 15, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self):
        return self.seconds


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 40)), max_size=60), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_never_more_than_the_limit_in_any_sixty_seconds_and_never_less_than_it_allows(asked, limit):
    clock = HandClock()
    passed: list[tuple[str, float]] = []
    counts = Counts(clock=clock)
    for key, pause_s in asked:
        clock.seconds += pause_s
        lately = [one for one in passed if one[0] == key and one[1] > clock.seconds - 60]

        assert counts.get_moving_window(key, limit, 60)[1] == len(lately)
        assert counts.acquire_entry(key, limit, 60) == (len(lately) < limit)

        if len(lately) < limit:
            passed.append((key, clock.seconds))


def test_senders_who_do_not_come_back_are_forgotten():
    """However many addresses a flood comes from, those that are done with cost no memory."""
    clock = HandClock()
    counts = Counts(clock=clock)
    for n in range(5000):
        clock.seconds += 0.1
        counts.acquire_entry(f"address {n}", 10, 60)

    assert len(counts._times) <= 60 / 0.1 + 1


def test_the_window_says_when_it_began():
    clock = HandClock()
    counts = Counts(clock=clock)
    counts.acquire_entry("a", 10, 60)
    began = clock.now().timestamp()
    clock.seconds += 25
    counts.acquire_entry("a", 10, 60)

    assert counts.get_moving_window("a", 10, 60) == (began, 2)


def test_a_flood_writes_thirty_lines_a_minute_and_the_next_one_counts_the_rest():
    clock, lines = HandClock(), []
    seldom = Seldom(clock)
    for _ in range(1000):
        seldom.write(lambda **facts: lines.append(facts))
    clock.seconds += 60
    seldom.write(lambda **facts: lines.append(facts))

    assert lines == [{}] * 30 + [{"left_out": 970}]


values = st.sampled_from(
    [SECRET, f"{SECRET}x", "", "secret", 'a"b', "\u0063orrect", 7, None, {"secret": SECRET}, [SECRET]]
)
names = st.sampled_from(["secret", "Secret", "a", "\u0073ecret", "sec\\u0072et", " secret"])
texts = st.builds(
    lambda pairs, ascii_, tail: json.dumps(dict(pairs), ensure_ascii=ascii_).replace("\\\\u", "\\u") + tail,
    st.lists(st.tuples(names, values), max_size=4),
    st.booleans(),
    st.sampled_from(["", " ", "}", ',"secret":' + SECRET, f'"secret": "{SECRET}"']),
)


@given(texts)
@settings(max_examples=300, deadline=None)
def test_what_is_ruled_out_unread_would_not_have_opened_the_door(text):
    """A message is only refused before it is decoded when decoding it would have led to the same."""
    keyring, body = Keyring([SecretStr(SECRET)]), text.encode()
    try:
        opens = keyring.opens(str(TradingView().decode(body).get("secret", "")).encode("utf-8", "surrogatepass"))
    except SignalUnreadable:
        opens = keyring.opens_text(body)

    assert not (opens and keyring.rules_out(body))


def test_a_wrong_secret_is_ruled_out_unread():
    keyring = Keyring([SecretStr(SECRET)])

    assert keyring.rules_out(b'{"signal": "BUY", "secret": "wrong-wrong-wrong"}')
    assert keyring.rules_out(b'{"signal": "BUY"}')
    assert not keyring.rules_out(b'{"signal": "BUY", "secret": "%s"}' % SECRET.encode())
    assert not keyring.rules_out(rb'{"signal": "BUY", "s\u0065cret": "unknown until it is read"}')
