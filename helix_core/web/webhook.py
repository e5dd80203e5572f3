"""POST /webhook: from the bytes of an alert to an answer."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotation

from helix_core.errors import SignalUnreadable, StoreError
from helix_core.web.answers import as_payload, ended, processing
from helix_core.web.body import read_body
from helix_core.web.seldom import Seldom

if TYPE_CHECKING:
    from pydantic import SecretStr
    from starlette.responses import Response

    from helix_core.contracts.signal_source import Fields, SignalSource
    from helix_core.domain.signal import Signal
    from helix_core.engine.outcome import Desk, Outcome, Receipt
    from helix_core.web.address import Sources
    from helix_core.web.door import DoorSettings
    from helix_core.web.keyring import Keyring
    from helix_core.web.metrics import Metrics
    from helix_core.web.rates import Rates

log = structlog.get_logger(__name__)

_HEADER = "x-webhook-secret"
_LEAST_TO_STORE_S = 1.0
_LOCKED = (
    'The secret is missing or wrong. Send WEBHOOK_SECRET in one of three places: in the message as "secret": "...", '
    "in the header X-Webhook-Secret, or as /webhook/<secret> (only with WEBHOOK_SECRET_IN_PATH=true)."
)
_NOT_ALLOWED = "This address may not send signals. WEBHOOK_ALLOWED_IPS names those that may."
_NOT_STORED = "The signal is not stored. Send it again: should it arrive twice, the repeat is recognised."
_STARTING = "Helix is starting and takes no signals yet. Send it again."


class Webhook:
    """Takes alerts in: who is it, may it, is it stored, what became of it."""

    def __init__(
        self,
        *,
        desk: Desk,
        source: SignalSource,
        settings: DoorSettings,
        keyring: Keyring,
        sources: Sources,
        rates: Rates,
        metrics: Metrics,
    ) -> None:
        """Hand what `source` can read to `desk`."""
        self._desk, self._source, self._settings = desk, source, settings
        self._metrics, self._seldom = metrics, Seldom(settings.clock)
        self._keyring, self._sources = keyring, sources
        self._take = rates.of_the_sender(self._take_unlimited)
        self._turn_away = rates.of_strangers(self._turn_away_unlimited)

    async def receive(self, request: Request) -> Response:
        """Answer one alert."""
        deadline = _now() + self._settings.answer_within_s
        if not self._sources.may_signal(request):
            return await self._turn_away(request, HTTPException(HTTPStatus.FORBIDDEN, _NOT_ALLOWED))
        if not self._desk.ready:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, _STARTING)
        try:
            body = await read_body(request, within_s=self._settings.receive_within_s)
        except HTTPException as refusal:
            return await self._turn_away(request, refusal)
        opened = self._opened_from_outside(request)
        if opened is False or (opened is None and self._keyring.rules_out(body)):
            return await self._turn_away(request, HTTPException(HTTPStatus.UNAUTHORIZED, _LOCKED))
        message = self._decoded(body)
        if not (opened or self._opened_by(body, message)):
            return await self._turn_away(request, HTTPException(HTTPStatus.UNAUTHORIZED, _LOCKED))
        return await self._take(request, message, deadline)

    async def _turn_away_unlimited(self, request: Request, refusal: HTTPException) -> Response:
        sender = str(self._sources.address(request))
        self._seldom.write(log.warning, "webhook_turned_away", code=int(refusal.status_code), sender=sender)
        raise refusal

    async def _take_unlimited(
        self,
        request: Request,  # noqa: ARG002 - slowapi finds it by its name
        message: Fields | SignalUnreadable,
        deadline: float,
    ) -> Response:
        if isinstance(message, SignalUnreadable):
            raise message
        fields = self._keyring.strip(message)
        signal = self._source.read(fields)
        receipt = await self._stored(signal, as_payload(fields), deadline)
        self._metrics.accepted(_now() - deadline + self._settings.answer_within_s)
        outcome = await _outcome(receipt, deadline)
        return processing(receipt, signal.signal_id) if outcome is None else ended(outcome)

    def _decoded(self, body: bytes) -> Fields | SignalUnreadable:
        try:
            return self._source.decode(body)
        except SignalUnreadable as error:
            return error  # only a sender who knows the secret is told

    def _opened_from_outside(self, request: Request) -> bool | None:
        """Whether the secret came in the header, else in the path; None when neither was there."""
        header = request.headers.get(_HEADER, "").encode("latin-1")
        path: SecretStr | None = request.scope.get("helix.path_secret")
        if header:
            return self._keyring.opens(header)
        if path is not None:
            return self._keyring.opens(path.get_secret_value().encode("utf-8", "surrogatepass"))
        return None

    def _opened_by(self, body: bytes, message: Fields | SignalUnreadable) -> bool:
        """Whether the secret came in the message."""
        if isinstance(message, SignalUnreadable):
            return self._keyring.opens_text(body)
        return self._keyring.opens(str(message.get("secret", "")).encode("utf-8", "surrogatepass"))

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
    done, _ = await asyncio.wait({receipt.outcome}, timeout=max(0.0, deadline - _now()))
    if not done:
        return None
    try:
        return receipt.outcome.result()
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - it is stored: the sender must not send again
        log.error("signal_outcome_lost", signal=receipt.row, error=type(error).__name__)  # noqa: TRY400 - one line
        return None


def _now() -> float:
    return asyncio.get_running_loop().time()
