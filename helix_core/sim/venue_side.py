"""The venue's side of the wire: the sandbox's own application, and what a strike makes it say."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from helix_core.sandbox import Fault, FaultKind, Refused
from helix_core.sim.asgi import Reply, call_at_once, scope_of
from helix_core.sim.strikes import StrikeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from helix_core.sandbox import Reason, Sandbox, Venue
    from helix_core.sim.strikes import Asked, Strike

_FAULTS = {
    StrikeKind.UNKNOWN_EXECUTION: FaultKind.UNKNOWN_EXECUTION,
    StrikeKind.RATE_LIMITED: FaultKind.RATE_LIMITED,
    StrikeKind.INVISIBLE: FaultKind.INVISIBLE,
    StrikeKind.PARTIAL_FILL: FaultKind.PARTIAL_FILL,
    StrikeKind.PENDING: FaultKind.PENDING,
}
"""What the sandbox itself can play."""


def answer(sandbox: Sandbox, asked: Asked, strike: Strike | None) -> Reply:
    """Carry out one request, and say what the venue answers. Raises ConnectionResetError when it hangs up."""
    if strike is None:
        return _serve(sandbox, asked)
    if strike.kind in _FAULTS:
        return _serve_faulty(sandbox, asked, strike)
    before: AbstractContextManager[None] = nullcontext()
    if strike.kind is StrikeKind.REFUSED:
        before = _refusing(sandbox.venue, strike.reason, done=strike.done)
    if strike.kind is StrikeKind.KEY_REFUSED:
        before = _without_rights(sandbox)
    if strike.kind is StrikeKind.HTTP_5XX:
        if strike.done:
            _serve(sandbox, asked)
        return _server_error(strike.status or 503)
    with before:
        whole = _serve(sandbox, asked)
    cut = len(whole.body) // 2 if strike.kind is StrikeKind.GARBLED else None
    return Reply(whole.status, whole.headers, whole.body[:cut])


def _server_error(status: int) -> Reply:
    return Reply(status, {"content-type": "text/html"}, f"<html><body><h1>{status}</h1></body></html>".encode())


def _serve(sandbox: Sandbox, asked: Asked) -> Reply:
    scope = scope_of(asked.method, asked.path, asked.query, asked.headers, body=asked.body)
    return call_at_once(sandbox.app, scope, asked.body)


def _serve_faulty(sandbox: Sandbox, asked: Asked, strike: Strike) -> Reply:
    fault = Fault(
        on=asked.name,
        kind=_FAULTS[strike.kind],
        done=strike.done,
        status=strike.status,
        retry_after_s=strike.retry_after_s,
        fraction=strike.fraction,
        delay_s=strike.delay_s or None,
    )
    sandbox.faults.add(fault)
    return _serve(sandbox, asked)


@contextmanager
def _refusing(venue: Venue, reason: Reason, *, done: bool) -> Iterator[None]:
    """Let the venue's engine refuse whatever is placed or cancelled; where `done`, it has done it all the same."""
    names = [name for name in dir(type(venue)) if name.startswith(("place", "cancel"))]
    within: list[str] = []

    def refusing(name: str, act: Callable[..., object]) -> Callable[..., object]:
        def refuse(*args: object, **more: object) -> object:
            if within:  # a part of what is done
                return act(*args, **more)
            if done:
                within.append(name)
                act(*args, **more)
                within.clear()
            raise Refused(reason, "struck")

        return refuse

    vars(venue).update({name: refusing(name, getattr(venue, name)) for name in names})
    try:
        yield
    finally:
        for name in names:
            del vars(venue)[name]


@contextmanager
def _without_rights(sandbox: Sandbox) -> Iterator[None]:
    rights = sandbox.rights
    kept = rights.read, rights.trade
    rights.read = rights.trade = False
    try:
        yield
    finally:
        rights.read, rights.trade = kept
