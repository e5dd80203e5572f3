"""The server: taking a port, giving it back, leaving signals to the application."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket

import pytest

from helix_core.errors import ConfigError
from helix_core.web import Server


async def nothing(scope, receive, send):
    await asyncio.sleep(0.2)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_a_port_in_use_is_a_sentence_for_the_owner():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ConfigError, match=f"PORT {port} is already in use.*set PORT"):
            Server(nothing, host="127.0.0.1", port=port).bind()


@pytest.mark.parametrize("host", ["203.0.113.1", "no.such.host.invalid", "not an address"])
def test_a_host_that_is_not_this_machine_is_a_sentence_too(host):
    with pytest.raises(ConfigError, match="HOST"):
        Server(nothing, host=host, port=0).bind()


async def test_stopping_lets_a_request_under_way_finish_and_frees_the_port():
    server = Server(nothing, host="127.0.0.1", port=0)
    server.bind()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run())
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.05)
        server.stop()
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()

    assert answer.startswith(b"HTTP/1.1 204 ")
    assert b"server:" not in answer.lower()
    again = Server(nothing, host="127.0.0.1", port=server.port)
    again.bind()
    assert again.port == server.port


async def test_the_application_keeps_its_own_signal_handlers_and_log_levels():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    root_handlers = list(logging.getLogger().handlers)
    server = Server(nothing, host="127.0.0.1", port=0)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run())
        await asyncio.sleep(0.05)
        during = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        running.cancel()

    assert during == before
    assert logging.getLogger().handlers == root_handlers


async def test_an_answer_does_not_wait_for_the_network_to_gather_bytes():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    server = Server(app, host="127.0.0.1", port=0)
    server.bind()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run())
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        waits = []
        for _ in range(10):
            begun = asyncio.get_running_loop().time()
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"ok")
            waits.append(asyncio.get_running_loop().time() - begun)
        writer.close()
        running.cancel()

    assert sorted(waits)[5] < 0.03


async def test_it_serves_ipv6():
    server = Server(nothing, host="::1", port=0)
    server.bind()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run())
        reader, writer = await asyncio.open_connection("::1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        running.cancel()

    assert answer.startswith(b"HTTP/1.1 204 ")
