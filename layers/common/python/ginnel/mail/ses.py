"""Mail by Amazon's SES. AWS_ENDPOINT_URL leads to another than Amazon's."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage

from .transports import Unsent

_SECONDS = 10


class Ses:
    def __init__(self, *, region: str | None = None) -> None:
        import boto3  # noqa: PLC0415  # slow to import, and only there where it is wanted
        from botocore.config import Config  # noqa: PLC0415  # as above

        # What fails is tried again by the outbox.
        bounds = Config(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": 2})
        self._client = boto3.client("sesv2", region_name=region, config=bounds)

    async def send(self, message: EmailMessage) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # as above

        try:
            await asyncio.to_thread(
                self._client.send_email,
                FromEmailAddress=str(message["From"]),
                Destination={"ToAddresses": [message["To"].addresses[0].addr_spec]},
                Content={"Raw": {"Data": message.as_bytes()}},
            )
        except ClientError as error:
            # A message that SES rejects may be one of an account that may not send yet: only what it can't read is final.
            code = error.response.get("Error", {}).get("Code", "")
            raise Unsent(f"SES refused it ({code})", str(error), final=code == "BadRequestException") from error
        except BotoCoreError as error:
            raise Unsent(f"SES can't be reached ({type(error).__name__})", str(error)) from error
