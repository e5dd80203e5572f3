"""The chain: whatever is done to a line is seen, and blamed on the right one."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helix_core.audit.chain import Chain, Entry, Head
from tests.audit.written import NOON, entry, lines, looked_at

COUNT = 6
WHOLE = lines(COUNT)


def problem(written: list[bytes]) -> str:
    return str(looked_at(b"".join(written)).problem)


def forged(line: bytes, **changes: object) -> bytes:
    """A line with other content and a hash that fits it, as somebody would write it who has read the manual."""
    record = {**json.loads(line), **changes}
    rest = {name: value for name, value in record.items() if name != "hash"}
    record["hash"] = hashlib.sha256(json.dumps(rest, separators=(",", ":"), sort_keys=True).encode()).hexdigest()
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def test_a_log_that_nobody_touched_has_no_problem() -> None:
    chain = looked_at(b"".join(WHOLE))

    assert (chain.problem, chain.head.line, chain.tail, chain.torn) == (None, COUNT, b"", [])


def test_a_line_is_json_with_the_sha_256_of_the_rest_and_of_the_line_before() -> None:
    """What the documents promise can be checked without Helix."""
    first, second = (json.loads(line) for line in WHOLE[:2])
    its_hash = second.pop("hash")

    assert its_hash == hashlib.sha256(json.dumps(second, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    assert second["prev"] == first["hash"]
    assert first["prev"] == "0" * 64
    assert list(first) == ["n", "at", "event", "actor", "facts", "prev", "hash"]


@given(st.integers(0, sum(map(len, WHOLE)) - 1), st.integers(1, 255))
def test_any_single_byte_that_is_changed_is_found_in_its_line(at: int, flip: int) -> None:
    content = bytearray(b"".join(WHOLE))
    content[at] ^= flip
    number = 1 + bytes(b"".join(WHOLE)[:at]).count(b"\n")

    found = looked_at(bytes(content)).problem

    last_break = at == len(content) - 1
    assert (found is None and last_break) or (found is not None and found.line == number)


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_a_forged_line_with_a_hash_that_fits_is_found(number: int) -> None:
    written = [*WHOLE]
    written[number - 1] = forged(written[number - 1], actor="somebody else")

    if number < COUNT:
        assert problem(written) == f"line {number} was changed"
    else:
        chain = looked_at(b"".join(written))
        assert chain.problem is None
        assert str(chain.missing(Head(COUNT, json.loads(WHOLE[-1])["hash"]))).startswith(f"line {COUNT} was changed")


@given(st.integers(1, COUNT - 1), st.integers(1, COUNT))
def test_lines_that_were_removed_are_named(first: int, count: int) -> None:
    last = min(first + count - 1, COUNT - 1)

    assert problem(WHOLE[: first - 1] + WHOLE[last:]) == (
        f"line {first} was removed: what stands there is line {last + 1}"
    )


@pytest.mark.parametrize("kept", range(COUNT))
def test_lines_that_were_cut_off_the_end_are_missed_by_whoever_remembers_them(kept: int) -> None:
    known = Head(COUNT, json.loads(WHOLE[-1])["hash"])
    chain = looked_at(b"".join(WHOLE[:kept]))

    assert chain.problem is None
    assert str(chain.missing(known)) == f"line {kept + 1} was removed: the log once had {COUNT} lines"
    assert chain.missing(Head()) is None


@pytest.mark.parametrize(
    ("after", "made"),
    [*((after, b"junk\n") for after in range(COUNT)), *((after, WHOLE[after - 1]) for after in range(1, COUNT))],
)
def test_a_line_that_was_put_in_is_named(after: int, made: bytes) -> None:
    assert problem([*WHOLE[:after], made, *WHOLE[after:]]).startswith(f"line {after + 1} was inserted")


@pytest.mark.parametrize("after", range(1, COUNT))
def test_a_line_that_was_forged_to_fit_and_put_in_is_named(after: int) -> None:
    before = json.loads(WHOLE[after - 1])
    between = forged(WHOLE[after - 1], n=after + 1, prev=before["hash"], actor="somebody else")

    assert problem([*WHOLE[:after], between, *WHOLE[after:]]) == f"line {after + 1} was inserted"


@given(st.permutations(range(COUNT)))
def test_lines_in_another_order_are_never_taken_for_whole(order: list[int]) -> None:
    assert (problem([WHOLE[place] for place in order]) == "None") == (order == sorted(order))


@given(st.binary(max_size=400))
def test_whatever_a_file_holds_it_can_be_looked_at(content: bytes) -> None:
    chain = looked_at(content)

    assert chain.problem is not None or b"\n" not in content


@given(st.text())
def test_no_text_can_make_a_line_of_its_own_or_steer_a_terminal(text: str) -> None:
    line = Chain().seal(entry(1, text)) if text.isprintable() else Chain().seal(_acted(text))

    assert line.isascii()
    assert line.count(b"\n") == 1
    assert line[:-1].decode().isprintable()


def _acted(text: str) -> Entry:
    return Entry(at=NOON, event="noted", actor=text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
