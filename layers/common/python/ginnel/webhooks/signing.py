"""Signatures as Standard Webhooks (version 1) has them: HMAC-SHA256 over `id.timestamp.body`."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(identifier: str, body: bytes, *, keys: Sequence[str], now: datetime) -> dict[str, str]:
    """Make the headers that prove who sent this, and when; one signature for each secret."""
    moment = str(int(now.timestamp()))
    signed = b".".join((identifier.encode(), moment.encode(), body))
    return {
        "webhook-id": identifier,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(_signature(key, signed) for key in keys),
    }


def _signature(key: str, signed: bytes) -> str:
    raw = base64.b64decode(key.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(raw, signed, "sha256")).decode()
