"""What a body may be: small, in time, and counted by what arrives."""

from __future__ import annotations

import asyncio
import json
import socket

import uvicorn

from helix_core.web.protocol import PromptProtocol

HEAD = b"POST /webhook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Webhook-Secret: correct-horse-battery-staple\r\n"


def padded(message, size):
    bare = json.dumps({**message, "pad": ""})
    return json.dumps({**message, "pad": "x" * (size - len(bare))}).encode()


async def test_4096_bytes_are_read_and_one_more_is_413(house, message, auth):
    fits = await house.client.post("/webhook", content=padded(message, 4096), headers=auth)
    over = await house.client.post("/webhook", content=padded(message, 4097), headers=auth)

    assert (fits.status_code, over.status_code) == (200, 413)
    assert over.json()["status"] == "too_large"


async def test_a_megabyte_is_413_to_a_sender_who_reads_only_after_sending(house, auth):
    answer = await house.client.post("/webhook", content=b"x" * 1_000_000, headers=auth)

    assert answer.status_code == 413


async def test_chunks_without_a_length_are_counted(house, auth):
    async def chunks():
        for _ in range(500):
            yield b"x" * 1000

    answer = await house.client.post("/webhook", content=chunks(), headers=auth)

    assert answer.status_code == 413


async def test_a_body_without_end_is_413_while_it_is_still_coming(house):
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n1000\r\nxx")

    line = await asyncio.wait_for(reader.readline(), 2)
    writer.close()

    assert line.startswith(b"HTTP/1.1 413 ")


async def test_a_length_that_promises_a_gigabyte_is_413_at_once(house):
    answer = await house.raw(HEAD + b"Content-Length: 1000000000\r\n\r\n{}", finish_s=2)

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_length_that_promises_too_little_cuts_the_message_which_is_then_unreadable(house, message):
    body = json.dumps(message).encode()

    answer = await house.raw(HEAD + b"Content-Length: 10\r\n\r\n" + body)

    assert answer.startswith(b"HTTP/1.1 422 ")
    assert house.desk.taken == []


async def test_a_body_that_never_comes_is_408(opened):
    async with opened(receive_within_s=0.1) as house:
        answer = await house.raw(HEAD + b"Content-Length: 100\r\n\r\n{")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"too_slow" in answer


async def test_a_sender_who_hangs_up_within_the_message_leaves_no_signal_and_no_error(house, caplog):
    _, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(HEAD + b'Content-Length: 100\r\n\r\n{"signal": "BUY"')
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.close()
    await asyncio.sleep(0.05)

    assert house.desk.taken == []
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_length_and_chunks_at_once_are_one_message_and_not_two(house, message):
    body = json.dumps(message).encode()
    both = b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(body)

    answer = await house.raw(HEAD + both + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    assert len(house.desk.taken) <= 1
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_a_head_without_end_is_cut_off(house):
    answer = await house.raw(b"POST /webhook HTTP/1.1\r\n" + b"X-Pad: " + b"x" * 100_000)

    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_a_head_sent_drop_by_drop_is_hung_up_on_while_others_are_served():
    class Hasty(PromptProtocol):
        whole_request_s = 0.2

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = uvicorn.Config(app, http=Hasty, lifespan="off", log_config=None, log_level="error", ws="none")
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets=[listener]))
        slow_reader, slow_writer = await asyncio.open_connection("127.0.0.1", port)
        quick_reader, quick_writer = await asyncio.open_connection("127.0.0.1", port)
        for drop in b"POST /webhook HTTP/1.1":
            slow_writer.write(bytes([drop]))
            if slow_reader.at_eof():
                break
            await asyncio.sleep(0.03)
            quick_writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await quick_reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        try:
            hung_up = await asyncio.wait_for(slow_reader.read(), 1)
        except ConnectionResetError:  # what was still under way when the server hung up makes it a reset
            hung_up = b""
        slow_writer.close()
        quick_writer.close()
        server.should_exit = True

    assert hung_up == b""


async def test_a_body_that_is_only_announced_is_refused_before_it_comes_and_nothing_is_taken_for_it(house):
    """Who expects 100 and gets 413 may send the body or leave it: what comes then has no meaning, so it is not read."""
    expecting = HEAD.replace(b"Connection: close\r\n", b"Expect: 100-continue\r\n")
    behind = HEAD + b"Content-Length: 2\r\n\r\n{}"

    answer = await house.raw(expecting + b"Content-Length: 100000\r\n\r\n" + behind, finish_s=2)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_who_expects_to_be_asked_for_the_body_is_asked(house, message):
    body = json.dumps(message).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))

    asked = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)
    writer.write(body)
    answer = await asyncio.wait_for(reader.read(), 2)
    writer.close()

    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 200 ")
