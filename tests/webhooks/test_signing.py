from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from ginnel.webhooks import signing

BODY = json.dumps({"test": 2432232314}).encode()


def test_a_signature_is_the_one_of_the_standards_example() -> None:
    sent = signing.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        BODY,
        keys=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        now=datetime.fromtimestamp(1614265330, UTC),
    )
    assert sent["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_schemes_own_library_verifies_it_with_either_secret() -> None:
    old, new = signing.new_secret(), signing.new_secret()
    sent = signing.headers("evt_1", BODY, keys=[new, old], now=datetime.now(UTC))
    for secret in (old, new):
        assert Webhook(secret).verify(BODY, sent) == {"test": 2432232314}
    for secret, body in ((signing.new_secret(), BODY), (new, BODY + b" ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, sent)


def test_a_replay_of_five_minutes_later_is_refused() -> None:
    secret = signing.new_secret()
    sent = signing.headers("evt_1", BODY, keys=[secret], now=datetime.now(UTC) - timedelta(minutes=5, seconds=5))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(secret).verify(BODY, sent)
