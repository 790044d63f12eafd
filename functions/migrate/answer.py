"""The answer that CloudFormation waits for: a small document, put at the address that it gave."""

from __future__ import annotations

import json
import time
from http.client import HTTPException
from urllib.request import Request, urlopen

from ginnel.lambdas import Event

_TRIES = 4
_TIMEOUT = 10.0


def send(event: Event, *, fault: str | None) -> None:
    """Say how it went. Raises OSError or HTTPException if nobody takes it, after some seconds of trying."""
    document = {
        "Status": "FAILED" if fault else "SUCCESS",
        "Reason": fault or "",
        # Another one would say that the old schema is to be deleted.
        "PhysicalResourceId": event.get("PhysicalResourceId", "schema"),
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    # The address is signed for no content type at all.
    headers = {"content-type": ""}
    request = Request(event["ResponseURL"], json.dumps(document).encode(), headers, method="PUT")  # noqa: S310  # as below
    for pause in range(_TRIES):
        try:
            with urlopen(request, timeout=_TIMEOUT):  # noqa: S310  # whoever may send such an event chooses it
                return
        except (OSError, HTTPException):
            if pause == _TRIES - 1:
                raise
            time.sleep(2**pause)
