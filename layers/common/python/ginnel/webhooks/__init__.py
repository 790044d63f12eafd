"""Webhooks: programs that are told what happens to a workspace's links, as https://www.standardwebhooks.com says.

What is to be told is written down in the transaction of the change itself (`outbox`): nothing that happened is lost, nothing
that was rolled back is told. `delivering` sends it, as often as it takes.
"""

from .endpoints import (
    TooManyWebhooks,
    WebhookChange,
    WebhookDisabled,
    WebhookDraft,
    WebhookMade,
    WebhookOut,
    WebhookPage,
    change,
    create,
    delete,
    find_all,
    get,
    rotate,
)
from .log import DeliveryOut, DeliveryPage, deliveries, redeliver, test
from .outbox import announce
from .tables import Delivery, Event, Expiry, Kind, Webhook

__all__ = [
    "Delivery",
    "DeliveryOut",
    "DeliveryPage",
    "Event",
    "Expiry",
    "Kind",
    "TooManyWebhooks",
    "Webhook",
    "WebhookChange",
    "WebhookDisabled",
    "WebhookDraft",
    "WebhookMade",
    "WebhookOut",
    "WebhookPage",
    "announce",
    "change",
    "create",
    "delete",
    "deliveries",
    "find_all",
    "get",
    "redeliver",
    "rotate",
    "test",
]
