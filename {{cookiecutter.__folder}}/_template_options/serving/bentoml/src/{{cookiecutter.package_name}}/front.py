"""The routes that are answered before BentoML's own layers, and the gate to the one behind them.

Tracing, request contexts and response models cost several times what a small model does. So the
lean route lives in a middleware; the typed route stays BentoML's, but no byte reaches it unchecked.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from . import protocol
from .inference import Reply, inference
from .monitoring.metrics import MEDIA_TYPE
from .predictor import InvalidInput

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

LEAN, TYPED = "/v1/infer", "/predict"
PAGE = Path(__file__).with_name("page")
PAGE_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
# A page may load nothing from elsewhere, and no other site may show it in a frame.
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


class Disconnected(Exception):  # noqa: N818
    """The client went away before its body was whole; nobody waits for an answer."""


class Front:
    """ASGI middleware: a list of what is allowed, and everything else is refused."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._inference = inference()
        settings = self._inference.settings
        self._limit, self._seconds = settings.body_limit, settings.body_seconds
        self._page = _page() if settings.page else {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer, refuse or pass on one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "POST" and scope["path"] in (LEAN, TYPED):
            await self._post(scope, receive, send)
        elif scope["path"] in (LEAN, TYPED):
            await _not_allowed(send, scope["method"], "POST")
        elif scope["method"] not in ("GET", "HEAD"):
            await _not_allowed(send, scope["method"], "GET, HEAD")
        else:
            await self._get(scope, receive, send)

    async def _post(self, scope: Message, receive: Receive, send: Send) -> None:
        route = scope["path"]
        media = _media_type(scope)
        try:
            body = await self._body(receive)
            if route == LEAN:
                await _reply(send, self._inference.answer(route, media, body))
                return
            if media != protocol.JSON:  # BentoML would also unpickle
                raise protocol.UnknownMediaType("content-type", protocol.JSON, media or "none")
            protocol.read(media, body, self._inference.models.current)
        except Disconnected:
            return
        except InvalidInput as error:
            await _reply(send, self._inference.refuse(route, error))
            return
        plain = [(b"content-type", b"application/json")]
        headers = plain + [h for h in scope["headers"] if h[0] != b"content-type"]
        await self._app({**scope, "headers": headers}, _replay(body, receive), send)

    async def _body(self, receive: Receive) -> bytes:
        """Read no more than the limit, whatever the content-length claims, and not for ever."""
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Disconnected
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size > self._limit:
                        raise protocol.BodyTooLarge("body", f"up to {self._limit} bytes", "more")
                    chunks.append(chunk)
                    if not message.get("more_body"):
                        return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        except TimeoutError:
            seconds = f"all of it within {self._seconds:g} seconds"
            raise protocol.BodyTooSlow("body", seconds, f"{size} bytes so far") from None

    async def _get(self, scope: Message, receive: Receive, send: Send) -> None:
        path, head = scope["path"], scope["method"] == "HEAD"
        model = self._inference.models.current
        if path == "/metrics":
            page = self._inference.metrics.render(model.id)
            await _answer(send, 200, MEDIA_TYPE, page, head=head)
        elif path == "/schema":
            await _answer(
                send, 200, protocol.JSON, protocol.describe(model, self._limit), head=head
            )
        elif path in self._page:
            media, content = self._page[path]
            policy = (b"content-security-policy", PAGE_POLICY.encode())
            await _answer(send, 200, media, content, policy, head=head)
        elif path == "/":
            await _refuse(
                send, 404, InvalidInput("path", "/schema or /v1/infer", "/ (PAGE is off)")
            )
        else:
            await self._app(scope, receive, send)


def _page() -> dict[str, tuple[str, bytes]]:
    files = {
        f"/page/{path.name}": (f"{PAGE_TYPES[path.suffix]}; charset=utf-8", path.read_bytes())
        for path in PAGE.iterdir()
        if path.suffix in PAGE_TYPES
    }
    return {**files, "/": files["/page/index.html"]}


def _media_type(scope: Message) -> str:
    for name, value in scope["headers"]:
        if name == b"content-type":
            return protocol.media_type(value.decode("latin-1"))
    return ""


def _replay(body: bytes, receive: Receive) -> Receive:
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> Message:
        return next(messages, None) or await receive()

    return replay


async def _reply(send: Send, reply: Reply) -> None:
    model = (b"x-model-id", reply.model.encode())
    # Of a body that was refused unread there may be more to come: it is not waited for.
    unread = [(b"connection", b"close")] if reply.status in (408, 413) else []
    await _answer(send, reply.status, reply.media, reply.body, model, *unread)


async def _not_allowed(send: Send, method: str, allowed: str) -> None:
    error = InvalidInput("method", allowed, method)
    await _refuse(send, 405, error, (b"allow", allowed.encode()))


async def _refuse(
    send: Send, status: int, error: InvalidInput, *extra: tuple[bytes, bytes]
) -> None:
    _, body = protocol.refusal(error)
    await _answer(send, status, protocol.JSON, body, *extra)


async def _answer(
    send: Send,
    status: int,
    media: str,
    body: bytes,
    *extra: tuple[bytes, bytes],
    head: bool = False,
) -> None:
    headers = [
        (b"content-type", media.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        *extra,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})
