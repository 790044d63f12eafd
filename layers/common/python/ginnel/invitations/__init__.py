"""Invitations into a workspace, which go to an address by mail. The mail's ticket shows that it was read there.

Whether the address has an account is neither asked nor told. Whoever accepts does so as an account with that very address,
which the ticket proves to be theirs if nothing has before: a forwarded mail lets nobody else in.
"""

from .tables import Invitation

__all__ = ["Invitation"]
