"""How often `guard` lets somebody try: apart from it, as every start reads them, and few ask it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    login_tries: int = 10
    """At one account by strangers, and from one remembered browser, within ten minutes."""
    login_tries_address: int = 50
    """From one address within ten minutes, at whatever accounts."""
    registrations_address: int = 1000
    """From one address within a day."""
    registration_mails: int = 5
    """To one mailbox within a day."""
    guests_address_hour: int = 5
    """From one address within an hour."""
    guests_address: int = 20
    """From one address within a day."""
    guests_total: int = 1000
    """From all addresses within a day."""
