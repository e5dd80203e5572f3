"""The sandbox's own endpoints, under /sandbox: what a person at the venue, or the market, can do."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from helix_core.domain.money import exact
from helix_core.sandbox.faults import Fault
from helix_core.sandbox.refusal import Reason, Refused
from helix_core.sandbox.report import ledger_report, request_report

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from helix_core.sandbox.sandbox import Sandbox

    Endpoint = Callable[[Request], Awaitable[Response]]


def _exact(value: object) -> Decimal:
    try:
        return exact(value)
    except TypeError as error:
        raise ValueError(str(error)) from error


Exact = Annotated[Decimal, BeforeValidator(_exact)]
"""A decimal that has lost no digit on the way: text or a whole number."""


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PriceMove(_Input):
    """Body of POST /sandbox/price."""

    symbol: str | None = Field(default=None, description='Write a listed pair, like "BTC/USDT"')
    price: Exact = Field(description='Write a number in quotes, like "64210.50"')


class Cancel(_Input):
    """Body of POST /sandbox/cancel."""

    order_id: int = Field(description="Write the id of an open order; GET /sandbox/ledger lists them")


class Transfer(_Input):
    """Body of POST /sandbox/transfer."""

    currency: str = Field(min_length=1, max_length=15, description='Write a currency, like "USDT"')
    amount: Exact = Field(description='Write a number in quotes, like "100" or, to withdraw, "-100"')


class Rights(_Input):
    """Body of POST /sandbox/rights; what is left out stays as it is."""

    read: bool | None = Field(default=None, description="Write true or false")
    trade: bool | None = Field(default=None, description="Write true or false")
    withdraw: bool | None = Field(default=None, description="Write true or false")
    ip_restricted: bool | None = Field(default=None, description="Write true or false")
    listen: bool | None = Field(default=None, description="Write true or false")


Model = TypeVar("Model", bound=BaseModel)

_FIELD = {
    Reason.UNKNOWN_SYMBOL: "symbol",
    Reason.PRICE_STEP: "price",
    Reason.UNKNOWN_ORDER: "order_id",
    Reason.INSUFFICIENT_FUNDS: "amount",
}
"""The field to blame when the venue refuses what a control asks for."""


class Control:
    """The control endpoints of one sandbox. Bad input is answered 422, naming each field and its fix."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Control `sandbox`."""
        self._sandbox = sandbox

    def routes(self) -> Mount:
        """All of them, under /sandbox."""
        routes = [
            Route("/ledger", self._ledger),
            Route("/requests", self._requests),
            Route("/price", _taking(PriceMove, self._move_price), methods=["POST"]),
            Route("/faults", _taking(Fault, self._add_fault), methods=["POST"]),
            Route("/faults", self._faults, methods=["GET", "DELETE"]),
            Route("/cancel", _taking(Cancel, self._cancel), methods=["POST"]),
            Route("/transfer", _taking(Transfer, self._transfer), methods=["POST"]),
            Route("/rights", _taking(Rights, self._change_rights), methods=["POST"]),
        ]
        return Mount("/sandbox", routes=routes)

    async def _ledger(self, _: Request) -> Response:
        return JSONResponse(ledger_report(self._sandbox.venue))

    async def _requests(self, _: Request) -> Response:
        return JSONResponse([request_report(request) for request in self._sandbox.requests])

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._sandbox.faults.clear()
        return JSONResponse([fault.model_dump(mode="json") for fault in self._sandbox.faults.armed])

    def _add_fault(self, fault: Fault) -> object:
        self._sandbox.faults.add(fault)
        return fault.model_dump(mode="json")

    def _move_price(self, move: PriceMove) -> object:
        worked = self._sandbox.venue.set_price(move.price, move.symbol)
        return {"price": str(move.price), "worked": [order.order_id for order in worked]}

    def _cancel(self, cancel: Cancel) -> object:
        return {"canceled": [order.order_id for order in self._sandbox.venue.cancel(cancel.order_id)]}

    def _transfer(self, transfer: Transfer) -> object:
        self._sandbox.venue.transfer(transfer.currency, transfer.amount)
        return {"currency": transfer.currency, "free": str(self._sandbox.venue.account.free(transfer.currency))}

    def _change_rights(self, rights: Rights) -> object:
        for name, value in rights.model_dump(exclude_none=True).items():
            setattr(self._sandbox.rights, name, value)
        return asdict(self._sandbox.rights)


def _taking(model: type[Model], act: Callable[[Model], object]) -> Endpoint:
    """An endpoint that reads a `model` from the body and answers what `act` returns."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(act(model.model_validate_json(await request.body())))
        except ValidationError as error:
            return _unusable(*(_problem(model, detail) for detail in error.errors()))
        except Refused as refused:
            field = _FIELD[refused.reason]
            return _unusable(_say(field, refused.detail, str(model.model_fields[field].description)))
        except ValueError as error:
            return _unusable(_say("message", str(error), "DELETE /sandbox/faults disarms them"))

    return endpoint


def _problem(model: type[BaseModel], detail: Any) -> dict[str, str]:
    name = str(next(iter(detail["loc"]), "message"))
    if name in model.model_fields:
        return _say(name, detail["msg"], str(model.model_fields[name].description))
    return _say(name, detail["msg"], "Send a JSON object with only " + ", ".join(model.model_fields))


def _say(field: str, problem: str, fix: str) -> dict[str, str]:
    return {"field": field, "problem": problem, "fix": fix}


def _unusable(*problems: dict[str, str]) -> Response:
    return JSONResponse({"problems": problems}, HTTPStatus.UNPROCESSABLE_ENTITY)
