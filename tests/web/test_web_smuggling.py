"""Two readers of the same bytes must never find two messages in them: what could be read in two ways is refused."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import NamedTuple

BODY = b'{"signal":"BUY","symbol":"BTC/USDT","price":1,"signal_id":"Long"}'
SECRET = b"X-Webhook-Secret: correct-horse-battery-staple\r\n"
HEAD = b"POST /webhook HTTP/1.1\r\nHost: x\r\n" + SECRET
HIDDEN = b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


class Told(NamedTuple):
    """What a sender gets, and whether an alert came of it. The connection is closed in any case."""

    codes: list[int]
    alerts: int


ONE = Told([200, 404], 1)
"""One alert, and after it the request that follows it and says to close."""

REFUSED = Told([400], 0)
LONG = 6_000
"""Bytes: more would take too long to send bit by bit."""

CASES = {
    "length and chunks": (HEAD + LENGTH + CHUNKED + b"\r\n" + CHUNKS + HIDDEN, REFUSED),
    "length hides a request behind empty chunks": (
        HEAD + b"Content-Length: 6\r\n" + CHUNKED + b"\r\n0\r\n\r\nG" + HIDDEN,
        REFUSED,
    ),
    "chunks where HTTP has none": (HEAD.replace(b"/1.1", b"/1.0") + CHUNKED + b"\r\n" + CHUNKS + HIDDEN, REFUSED),
    "two lengths": (HEAD + LENGTH + b"Content-Length: 5\r\n\r\n" + BODY + HIDDEN, REFUSED),
    "one length twice": (HEAD + LENGTH + LENGTH + b"\r\n" + BODY + HIDDEN, REFUSED),
    "a length with a sign": (HEAD + LENGTH.replace(b": ", b": +") + b"\r\n" + BODY + HIDDEN, REFUSED),
    "a length below nothing": (HEAD + b"Content-Length: -1\r\n\r\n" + BODY + HIDDEN, REFUSED),
    "a length in hexadecimal": (HEAD + b"Content-Length: 0x41\r\n\r\n" + BODY + HIDDEN, REFUSED),
    "a length with an underscore": (HEAD + b"Content-Length: 6_5\r\n\r\n" + BODY + HIDDEN, REFUSED),
    "a length of 5000 digits": (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n" + BODY, REFUSED),
    "another encoding": (HEAD + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS + HIDDEN, REFUSED),
    "two encodings": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS + HIDDEN, REFUSED),
    "chunked and then not": (HEAD + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n" + CHUNKS + HIDDEN, REFUSED),
    "a space before the colon": (HEAD + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKS + HIDDEN, REFUSED),
    "a control character": (HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + CHUNKS + HIDDEN, REFUSED),
    "a zero byte": (HEAD + b"X-Pad: a\x00b\r\n" + LENGTH + b"\r\n" + BODY + HIDDEN, REFUSED),
    "a lone carriage return": (HEAD + b"X-Pad: a\rContent-Length: 5\r\n" + LENGTH + b"\r\n" + BODY + HIDDEN, REFUSED),
    "chunks as they should be": (HEAD + CHUNKED + b"\r\n" + CHUNKS + HIDDEN, ONE),
    "a chunk below nothing": (HEAD + CHUNKED + b"\r\n-5\r\nabcde\r\n0\r\n\r\n" + HIDDEN, REFUSED),
    "a chunk with a sign": (HEAD + CHUNKED + b"\r\n+" + CHUNKS + HIDDEN, REFUSED),
    "a chunk with 0x": (HEAD + CHUNKED + b"\r\n0x" + CHUNKS + HIDDEN, REFUSED),
    "a chunk that ends elsewhere": (HEAD + CHUNKED + b"\r\n%x\r\n%sXX0\r\n\r\n" % (len(BODY), BODY) + HIDDEN, REFUSED),
    "chunks with bare line feeds": (HEAD + CHUNKED + b"\r\n" + CHUNKS.replace(b"\r\n", b"\n") + HIDDEN, REFUSED),
    "no host": (HEAD.replace(b"Host: x\r\n", b"") + LENGTH + b"\r\n" + BODY + HIDDEN, REFUSED),
    "two hosts": (HEAD + b"Host: y\r\n" + LENGTH + b"\r\n" + BODY + HIDDEN, REFUSED),
    "a host in a version that has none, twice": (
        b"GET /health HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n" + HIDDEN,
        REFUSED,
    ),
    "a line that is folded": (HEAD + b"X-Pad: a\r\n b\r\n" + LENGTH + b"\r\n" + BODY + HIDDEN, REFUSED),
    "a head with bare line feeds": ((HEAD + LENGTH + b"\r\n").replace(b"\r\n", b"\n") + BODY + HIDDEN, REFUSED),
    "a fragment in the address": (HEAD.replace(b"/webhook", b"/webhook#x") + LENGTH + b"\r\n" + BODY, REFUSED),
    "lines behind chunks": (
        HEAD.replace(SECRET, b"") + CHUNKED + b"\r\n" + CHUNKS[:-2] + SECRET + b"\r\n" + HIDDEN,
        Told([401, 404], 0),
    ),
    "a line without end behind chunks": (HEAD + CHUNKED + b"\r\n" + CHUNKS[:-2] + b"x" * 20_000, REFUSED),
    "more lines than anybody sends": (HEAD + CHUNKED + b"\r\n" + b"1\r\n\n\r\n" * 2000 + CHUNKS, REFUSED),
    "a body behind a wished-for switch": (
        HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + LENGTH + b"\r\n" + BODY + HIDDEN,
        REFUSED,
    ),
    "a request behind a wished-for switch": (
        b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + HIDDEN,
        Told([200], 0),
    ),
    "HTTP/2 out of the blue": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REFUSED),
    "nothing but empty lines": (b"\r\n" * 20_000, REFUSED),
    "an escape in the method": (b"G\x1b[31mET / HTTP/1.1\r\nHost: x\r\n\r\n", REFUSED),
    "an escape in the path": (b"GET /\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n", REFUSED),
    "a version that never was": (b"GET /health\r\n\r\n", REFUSED),
    "TLS on the plain port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200, REFUSED),
    "another server's address": (
        HEAD.replace(b" /webhook", b" http://x/webhook").replace(b"1.1\r\n", b"1.1\r\nConnection: close\r\n")
        + LENGTH
        + b"\r\n"
        + BODY,
        Told([404], 0),
    ),
    "a tunnel": (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", Told([404], 0)),
    "three at once": ((HEAD + LENGTH + b"\r\n" + BODY) * 3 + HIDDEN, Told([200, 200, 200, 404], 3)),
    "an alert in a body that nobody reads": (
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(HEAD), HEAD) + HIDDEN,
        Told([200, 404], 0),
    ),
}


async def test_what_could_be_read_in_two_ways_is_refused_and_its_connection_closed(house):
    told = {}
    for name, (bytes_, _) in CASES.items():
        before = len(house.desk.taken)
        said = await house.raw(bytes_, finish_s=3)
        codes = [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]
        told[name] = Told(codes, len(house.desk.taken) - before)

    assert told == {name: expected for name, (_, expected) in CASES.items()}


async def heard(reader):
    """Everything until the server hangs up, on a message that goes on if need be."""
    said = b""
    with suppress(ConnectionResetError):
        while part := await reader.read(4096):
            said += part
    return said


async def test_it_makes_no_difference_in_how_many_pieces_a_message_comes(house):
    """Seven bytes at a time, so that every line is cut somewhere."""
    told = {}
    for name, (bytes_, _) in CASES.items():
        if len(bytes_) > LONG:
            continue
        before = len(house.desk.taken)
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        listening = asyncio.ensure_future(heard(reader))
        for first in range(0, len(bytes_), 7):
            writer.write(bytes_[first : first + 7])
            for _ in range(4):
                await asyncio.sleep(0)
            if listening.done():
                break
        said = await asyncio.wait_for(listening, 3)
        codes = [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]
        writer.close()
        told[name] = Told(codes, len(house.desk.taken) - before)

    assert told == {name: expected for name, (bytes_, expected) in CASES.items() if len(bytes_) <= LONG}


async def test_a_refused_message_takes_nothing_with_it_that_was_sent_behind_it(house):
    """The second message is a good one: had the connection stayed open, it would have been read as one of its own."""
    two_ends = HEAD + LENGTH + CHUNKED + b"\r\n0\r\n\r\n"

    said = await house.raw(two_ends + HEAD + LENGTH + b"\r\n" + BODY, finish_s=3)

    assert said.count(b"HTTP/1.1 ") == 1
    assert b"Content-Length or Transfer-Encoding, not both" in said
    assert house.desk.taken == []


async def test_a_switch_to_another_protocol_is_not_made(house):
    """The wish is answered as any other request. What follows it is not read: it may be of the other protocol."""
    for wished in (b"websocket", b"h2c"):
        ask = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: " + wished + b"\r\n\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(ask)
        line = await asyncio.wait_for(reader.readline(), 2)
        writer.close()
        assert line == b"HTTP/1.1 200 OK\r\n"


async def test_rubbish_leaves_nothing_in_the_log(house, caplog):
    """A line for each would let anybody fill the disk."""
    caplog.set_level(1)
    switch = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"

    for _ in range(20):
        await house.raw(b"rubbish\r\n\r\n")
        await house.raw(switch)

    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == []
