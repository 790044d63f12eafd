"""`make smoke`: whether what stands at an address is Ginnel, and at work. It leaves nothing there and needs nothing here."""

from __future__ import annotations

import argparse
import json
import secrets
import time
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

_PATIENCE = 60.0
"""Seconds within which it must have come up."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="smoke")
    parser.add_argument("at", help="where people find the installation, such as https://go.example.com")
    base = parser.parse_args().at.rstrip("/")
    if not base.startswith(("http://", "https://")):
        parser.error("the address must begin with http:// or https://")
    end = time.monotonic() + _PATIENCE
    while faults := [fault for path, status, kind in _expected() if (fault := _fault(base, path, status, kind))]:
        if time.monotonic() >= end:
            raise SystemExit("\n".join(["", *(f"  {fault}" for fault in faults), ""]))
        time.sleep(1)
    print(f"  {base} is at work")


def _expected() -> list[tuple[str, int, str]]:
    """List paths with their answers: each function's, by way of its database where it has one."""
    return [
        ("/health", 200, "application/json"),
        ("/robots.txt", 200, "text/plain"),
        (f"/{secrets.token_hex(8)}", 404, ""),
        ("/api/v1/auth/me", 401, "application/problem+json"),
        ("/api/v1/links", 401, "application/problem+json"),
        ("/api/v1/stats/summary?link=1", 401, "application/problem+json"),
    ]


def _fault(base: str, path: str, status: int, kind: str) -> str:
    """Return what is wrong with an answer; nothing if it is as it should be."""
    request = Request(f"{base}{path}", headers={"user-agent": "ginnel-smoke"})  # noqa: S310  # http(s) only
    try:
        with urlopen(request, timeout=15) as answer:  # noqa: S310  # as above
            found, headers, body = answer.status, answer.headers, answer.read()
    except HTTPError as error:
        with error:
            found, headers, body = error.code, error.headers, error.read()
    except (URLError, HTTPException, OSError) as error:
        return f"{path}: no answer ({getattr(error, 'reason', error)})"
    if found != status or not headers.get("content-type", "").startswith(kind):
        return f"{path}: {found} {headers.get('content-type')}, not {status} {kind}".rstrip()
    if path == "/health" and json.loads(body).get("status") != "ok":
        return f"{path}: {body[:200]!r}"
    return ""


if __name__ == "__main__":
    main()
