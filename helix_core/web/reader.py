"""HTTP/1.1 by llhttp, which decides in C what a request is, and refuses nearly all that could be read in two ways."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from helix_core.web.answers import refusal
from helix_core.web.framing import Unclear, body_length

_END_OF_HEAD = b"\r\n\r\n"
_MOST_UNREAD_BYTES = 64 * 1024
_UNCLEAR = (
    "This cannot be read as one request of HTTP 1.1, and in one way only. Send one Host, and Content-Length or "
    "Transfer-Encoding, not both."
)
_ANSWER = refusal(HTTPStatus.BAD_REQUEST, _UNCLEAR, {"Connection": "close"})
_REFUSED = b"".join(
    (
        b"HTTP/1.1 400 Bad Request\r\n",
        *(b"%s: %s\r\n" % header for header in _ANSWER.raw_headers),
        b"\r\n",
        _ANSWER.body,
    )
)


class OneAtATime(HttpToolsProtocol):
    """uvicorn's way to an application, with one request at a time.

    The parser gets what belongs to one request, and the next one only when that is answered. So a request is never
    judged by what stands behind it, and nothing is read from a connection that is to be closed.
    """

    largest_head_bytes: ClassVar[int] = 16 * 1024
    """A head, and all that stands around the parts of a body."""
    most_pieces: ClassVar[int] = 4096
    """Of one request: its lines, and what came one by one. Each of them takes time, however short it is."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what uvicorn gives, and never write an access log."""
        super().__init__(*args, **options)
        self.access_log = False
        self.parser.set_dangerous_leniencies(lenient_data_after_close=False)  # uvicorn switches it on
        self._unread = bytearray()
        self._between = True
        self._begun = self._complete = False
        self._body_left_bytes = self._around_bytes = self._pieces = 0

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._unset_keepalive_if_required()
        self._unread += data
        self._read_on()

    def on_response_complete(self) -> None:
        """The next request has its turn, if it is there already."""
        super().on_response_complete()
        if self._unread and not self.transport.is_closing():
            self.data_received(b"")

    def on_message_begin(self) -> None:
        """A request begins. Raises Unclear when the one before it is not answered yet, which no piece should allow."""
        if self._answering:
            raise Unclear
        super().on_message_begin()
        self._begun = self._complete = False
        self._body_left_bytes = self._around_bytes = self._pieces = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a line of the head. Those behind a chunked body are nobody's: the head has been read by then."""
        if not self._begun:
            super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """Have the request worked on while its body arrives. Raises Unclear."""
        switching = self.parser.should_upgrade()
        version = self.parser.get_http_version()
        self._body_left_bytes = body_length(self.url, version, self.headers, switching=switching)
        if not self.url.startswith(b"/"):
            self.url = b"/" + self.url  # another server's address, the end of a tunnel, or *: no such page
        super().on_headers_complete()
        self._begun = True
        if switching or self.expect_100_continue:
            self.cycle.keep_alive = False  # what follows may be of the other protocol, or another request for a body

    def on_body(self, body: bytes) -> None:
        """Hand on a part of the body."""
        self._around_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here."""
        self._complete = self._between = True
        super().on_message_complete()

    @property
    def _answering(self) -> bool:
        """Whether a request is here and its answer is not: the sender's next words have to wait."""
        return self._complete and not self.cycle.response_complete

    def _read_on(self) -> None:
        """Hand the parser what is there of one request, to the end of it at most."""
        try:
            while self._unread and not self._answering:
                self._read_piece()
        except httptools.HttpParserError:
            self._refuse()
        if len(self._unread) > _MOST_UNREAD_BYTES:
            self.flow.pause_reading()

    def _read_piece(self) -> None:
        size = self._piece_size()
        piece = self._unread[:size]
        self._between = False
        del self._unread[:size]
        self._body_left_bytes -= min(self._body_left_bytes, size)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            return  # no switch is made: the wish is answered as any other request
        self._around_bytes += size
        self._pieces += 1
        if self._around_bytes > self.largest_head_bytes or self._pieces > self.most_pieces:
            raise httptools.HttpParserError

    def _piece_size(self) -> int:
        """A whole head, a line, or what is there of a body whose length is known: no request ends within these."""
        if self._body_left_bytes:
            return min(self._body_left_bytes, len(self._unread))
        if self._between and (end := self._unread.find(_END_OF_HEAD)) >= 0:
            return end + len(_END_OF_HEAD)
        return self._unread.find(b"\n") + 1 or len(self._unread)

    def _refuse(self) -> None:
        """Answer 400, unless the request has got an answer before it went wrong, and close the connection."""
        if self._begun:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not (self._begun and self.cycle.response_started):
            self.transport.write(_REFUSED)
        self._unread.clear()
        self.transport.close()
