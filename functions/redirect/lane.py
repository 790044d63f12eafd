"""The function's way in. A plain visit is answered here, before FastAPI is imported: most of a cold start is that import.

Everything else goes through Mangum into the app. A test sends the same events both ways and compares the answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ginnel import clicks, lambdas, lookup, metrics, postgres, redirects, redis, settings, slugs, visits
from ginnel.errors import Unavailable
from ginnel.lambdas import Event

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

NEEDS = (postgres.Settings, redis.Settings, settings.Site, visits.Proxies)

for kind in NEEDS:
    settings.read(kind)


async def plain(event: Event) -> dict[str, Any] | None:
    """Answer a GET that leads somewhere; None for whatever the app must see to."""
    http = event["requestContext"]["http"]
    slug = slugs.from_path(event["rawPath"][1:])
    if http["method"] != "GET" or event.get("body") or slug is None or slugs.reserved(slug):
        return None
    headers = {name.lower().encode(): value.encode() for name, value in event["headers"].items()}
    query = event.get("rawQueryString", "").encode()
    try:
        address = visits.address(http["sourceIp"], [event["headers"].get("x-forwarded-for", "")], appended=True)
        visit = clicks.begin(headers, address=address, query=query)
        record = await lookup.resolve(event["headers"].get("host", ""), slug, visit)
        answer = redirects.decide(record, query, visit.at)
        if record is None or not answer.location or answer.limited or record.personal:
            return None
        if not visit.appended:
            await clicks.record(visit.line(record))
    except Unavailable:
        return None
    metrics.redirects[metrics.FAST, answer.status] += 1
    shown = dict(redirects.headers(answer))
    shown |= {"content-length": "0", "x-request-id": visits.new_request_id().decode()}
    return {"statusCode": answer.status, "headers": shown, "body": "", "isBase64Encoded": False}


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    from .app import app  # noqa: PLC0415  # the import that a plain visit does without

    await app(scope, receive, send)


handler = lambdas.serve(_app, first=plain)
