"""The clock of one machine, which is EventBridge's on AWS."""

from __future__ import annotations

from datetime import datetime


def event(now: datetime) -> dict[str, object]:
    """Make the event that EventBridge sends for a schedule."""
    return {
        "version": "0",
        "id": f"local-{now.timestamp():.0f}",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": now.isoformat(timespec="seconds"),
        "region": "local",
        "resources": [],
        "detail": {},
    }
