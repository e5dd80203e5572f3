"""POST /webhook: from an alert whose sender is known to an answer."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotation

from helix_core.errors import SignalUnreadable, StoreError
from helix_core.web.answers import as_payload, ended, malformed, processing

if TYPE_CHECKING:
    from starlette.responses import Response

    from helix_core.clock import Clock
    from helix_core.contracts.signal_source import Fields, SignalSource
    from helix_core.domain.signal import Signal
    from helix_core.engine.outcome import Desk, Outcome, Receipt
    from helix_core.web.keyring import Keyring
    from helix_core.web.metrics import Metrics
    from helix_core.web.rates import Rates
    from helix_core.web.threshold import Alert

log = structlog.get_logger(__name__)

_LEAST_TO_STORE_S = 1.0
_NOT_STORED = "The signal is not stored. Send it again: should it arrive twice, the repeat is recognised."


class Webhook:
    """Takes alerts in: what does it say, is it stored, what became of it. Who may send, `Threshold` has decided."""

    def __init__(
        self, *, desk: Desk, source: SignalSource, clock: Clock, keyring: Keyring, rates: Rates, metrics: Metrics
    ) -> None:
        """Hand what `source` can read to `desk`."""
        self._desk, self._source, self._clock = desk, source, clock
        self._keyring, self._metrics, self._rates = keyring, metrics, rates

    async def receive(self, request: Request) -> Response:
        """Answer one alert. Raises HTTPException when it cannot be stored."""
        alert: Alert = request.scope["helix.alert"]
        too_many = self._rates.too_many_of_the_sender()
        if too_many is not None:
            return too_many
        try:
            fields, signal = self._read(alert.message)
        except SignalUnreadable as error:
            return self._unreadable(error)
        receipt = await self._stored(signal, as_payload(fields), alert.deadline)
        self._metrics.accepted(self._clock.monotonic() - alert.came_s)
        outcome = await _outcome(receipt, alert.deadline)
        return processing(receipt, signal.signal_id) if outcome is None else ended(outcome)

    def _read(self, message: Fields | SignalUnreadable) -> tuple[Fields, Signal]:
        if isinstance(message, SignalUnreadable):
            raise message
        fields = self._keyring.strip(message)
        return fields, self._source.read(fields)

    def _unreadable(self, error: SignalUnreadable) -> Response:
        shown = SignalUnreadable(*(self._keyring.hide(part) for part in (error.field, error.problem, error.fix)))
        log.warning("signal_unreadable", field=shown.field, problem=shown.problem)
        return malformed(shown)

    async def _stored(self, signal: Signal, payload: str, deadline: float) -> Receipt:
        """Store the signal. Running out of time stops the waiting, never the storing."""
        try:
            async with asyncio.timeout_at(max(deadline, _now() + _LEAST_TO_STORE_S)):
                return await asyncio.shield(self._desk.accept(signal, payload))
        except (StoreError, TimeoutError) as error:
            text = self._keyring.hide(str(error)) or "the database took too long"
            log.error("signal_not_stored", signal_id=signal.signal_id, text=text)  # noqa: TRY400 - one line
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_STORED) from None


async def _outcome(receipt: Receipt, deadline: float) -> Outcome | None:
    """Return the end of a signal, or None when it is not known in time. Waiting changes nothing about the signal."""
    if receipt.soon:
        await asyncio.wait({receipt.outcome}, timeout=max(0.0, deadline - _now()))
    if not receipt.outcome.done():
        return None
    try:
        return receipt.outcome.result()
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it is stored: the sender must not send again
        log.error("signal_outcome_lost", signal=receipt.row, error=type(error).__name__)  # noqa: TRY400 - one line
        return None


def _now() -> float:
    return asyncio.get_running_loop().time()
