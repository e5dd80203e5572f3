"""From bytes to fields: what is forgiven, and everything that could hide an error and is not."""

from __future__ import annotations

import json
import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helix_core import Signal, SignalUnreadable
from helix_plugins.tradingview import TradingView

decode = TradingView().decode


def refusal(text):
    with pytest.raises(SignalUnreadable) as caught:
        decode(text if isinstance(text, bytes) else text.encode())
    return caught.value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Long", "Long"),
        ("2026-05-15T08:14:32Z", "2026-05-15T08:14:32Z"),
        ("Close entry(s) order Long", "Close entry(s) order Long"),
        ("Long  ", "Long"),
        ("007", "007"),
        ("True", "True"),
        ("true", True),
        ("null", None),
        ("1.50", Decimal("1.50")),
        ('"a: b, {c}"', "a: b, {c}"),
        ('"say \\"x\\": y"', 'say "x": y'),
        ('{"b": Long}', {"b": "Long"}),
        ("[1, 2]", [Decimal(1), Decimal(2)]),
    ],
)
def test_a_bare_scalar_is_text_and_json_is_left_alone(value, expected):
    assert decode(f'{{"a": {value}, "z": 1}}'.encode())["a"] == expected
    assert decode(f'{{"z": 1, "a" :\r\n\t{value}\r\n}}'.encode())["a"] == expected


@pytest.mark.parametrize(
    ("text", "field", "problem"),
    [
        ("", "message", "not a JSON object"),
        ("[]", "message", "not a JSON object"),
        ("null", "message", "not a JSON object"),
        ('"BUY"', "message", "not a JSON object"),
        ("order buy @ 100242 filled on BTCUSD", "message", "not a JSON object"),
        ("a=b&c=d", "message", "not a JSON object"),
        ("[" * 4000, "message", "not a JSON object"),
        ('{"a":' * 800, "message", "more than 8 levels deep"),
        ('{"a":' + "[" * 4000, "message", "more than 8 levels deep"),
        ('{"signal": "BUY", "signal": "SELL"}', "signal", "more than once"),
        ('{"a": {"b": 1, "b": 1}}', "b", "more than once"),
        ('{"senkouA": NaN}', "senkouA", "senkouA is NaN: the plot had no value on this bar"),
        ('{"data": {"x": [1, -Infinity]}}', "x", "x is -Infinity"),
        ('{"a": nan}', "a", "a is NaN"),
        ('{"a": 1e99999}', "a", "too long to be real"),
        ('{"price": {{close}}}', "price", "{{close}} was not filled in"),
        ('{"price": "{{close * 0.98}}"}', "price", "{{close * 0.98}} was not filled in"),
        ('{"a": {"b": "x {{strategy.order.alert_message}} y"}}', "b", "{{strategy.order.alert_message}}"),
        ('{"a": "\\u007b\\u007bclose}}"}', "message", "{{close}} was not filled in"),
        ('{"{{ticker}}": 1}', "message", "{{ticker}} was not filled in"),
        ('{"price": , "b": 1}', "price", '"price" has no value'),
        ('{"b": 1, "price": }', "price", '"price" has no value'),
        ('{"a": 1,}', "a", "not valid JSON"),
        ('{"a": 1', "a", "not valid JSON"),
        ('{"a": "b}', "a", "not valid JSON"),
        ('{"a": 1} {"b": 2}', "a", "Extra data"),
        ('{"a": Long, TP1}', "a", "not valid JSON"),
        ('{"a": Long "TP1"}', "a", "not valid JSON"),
        ('{"a": Long\n"b": 1}', "a", "not valid JSON"),
        ("{a: 1}", "message", "not valid JSON"),
        ("{“signal”: “BUY”}", "message", "LEFT DOUBLE QUOTATION MARK (U+201C)"),
        ('{"signal": “BUY”}', "signal", "LEFT DOUBLE QUOTATION MARK (U+201C)"),
        ('{"signal": "BUY”, "b": 1}', "signal", "not valid JSON"),
        ("{'signal': 'BUY'}", "message", "APOSTROPHE (U+0027)"),
        ("{\"signal\": 'BUY'}", "signal", "APOSTROPHE (U+0027)"),
        ('{"price":\u00a01}', "price", "NO-BREAK SPACE (U+00A0)"),
        ('{"price":1\u200b}', "price", "ZERO WIDTH SPACE (U+200B)"),
        ('{"a": "\x00"}', "a", "control character"),
        ('{"a": "\\u0000"}', "a", "control characters or broken text"),
        ('{"a": "\\u001b[31m"}', "a", "control characters or broken text"),
        ('{"a": "\\ud800"}', "a", "control characters or broken text"),
        ('{"\\ud800": 1}', "\\ud800", "control characters or broken text"),
        (b"\xef\xbb\xbf{}", "message", "byte order mark"),
        (b"\xff\xfe{\x00}\x00", "message", "not UTF-8"),
        (b'{"a": "\xe9"}', "message", "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "message", "not UTF-8"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_could_hide_an_error_is_refused_by_name(text, field, problem):
    error = refusal(text)

    assert error.field == field
    assert problem.lower() in error.problem.lower()
    assert error.fix


def test_a_paired_surrogate_is_an_ordinary_character():
    assert decode(b'{"a": "\\ud83d\\ude00"}') == {"a": "😀"}


def test_what_stands_in_quotes_is_never_touched():
    text = json.dumps({"a": "x: NaN, y: Long, {\"z\": 'w'}", "b": "“quoted”\u00a0"})

    assert decode(text.encode()) == json.loads(text)
    assert decode(json.dumps(json.loads(text), ensure_ascii=False).encode()) == json.loads(text)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
names = st.sampled_from(["signal", "symbol", "price", "signal_id", "timestamp", "strategy", "action", "ticker", "data"])
pieces = st.sampled_from([*list("{}[]:,\"\\ \n'eE+-.0123456789"), '"signal":', "NaN", "{{close}}", "Long", "“", "é"])


def read_or_refuse(body: bytes) -> None:
    """Anything but a Signal or a SignalUnreadable escapes and fails the test."""
    source = TradingView()
    try:
        fields = source.decode(body)
        json.dumps(fields, default=str).encode()
        assert isinstance(source.read(fields), Signal)
    except SignalUnreadable as error:
        for part in (error.field, error.problem, error.fix):
            assert part
            part.encode("ascii" if part is error.field else "utf-8")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=4096))
def test_no_bytes_can_surprise_it(body):
    read_or_refuse(body)


@settings(max_examples=150, deadline=None)
@given(st.lists(pieces, max_size=80))
def test_no_almost_json_can_surprise_it(parts):
    read_or_refuse(("{" + "".join(parts)).encode())


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(names | st.text(), values, max_size=8))
def test_no_json_can_surprise_it(fields):
    read_or_refuse(json.dumps(fields).encode())


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries({name: st.text(max_size=40) for name in ("signal_id", "symbol", "price", "timestamp")}))
def test_no_text_in_a_field_can_surprise_it(fields):
    read_or_refuse(json.dumps({"signal": "BUY", **fields}, ensure_ascii=False).encode("utf-8", "replace"))


@settings(max_examples=100, deadline=None)
@given(values.map(lambda value: {"a": value}))
def test_valid_json_means_the_same_as_to_the_standard_parser(fields):
    text = json.dumps(fields)
    try:
        decoded = decode(text.encode())
    except SignalUnreadable:
        return

    assert decoded == json.loads(text, parse_float=Decimal, parse_int=Decimal)


@pytest.mark.parametrize(
    "unit", ['{"', '"\\', '\\"', '" ', '":', ":", ": ", "x ", "{{", '{"a":', ",   ", ":{", "\\u0041"]
)
def test_no_4_kib_take_longer_than_a_moment(unit):
    body = ("{" + unit * 4096)[:4096].encode()
    begun = time.process_time()

    refusal(body)

    assert time.process_time() - begun < 0.1
