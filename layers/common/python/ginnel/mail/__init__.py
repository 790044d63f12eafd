"""Mail: put into an outbox by the transaction that is its reason, written and sent by a worker.

It is written when it is sent. So a request that asks for one does the same and takes the same time, whether the address is
known or not; and the secret in it exists nowhere but in the mail and, as a digest, in `tickets`.
"""

from .outbox import Waiting, send

__all__ = ["Waiting", "send"]
