"""Second factors: what people prove who they are by besides a password, so that a stolen one is not enough.

An authenticator app (`totp`) or passkeys (`passkeys`), and recovery codes (`recovery`) for when these are lost. `proving` asks
for them. What a workspace requires of its members is `access`'s to enforce, by the session's `second_factor`.
"""

from . import passkeys, recovery, totp
from .assertions import Assertion, Attestation
from .proving import (
    TRIES,
    UNPROVED,
    Code,
    CodesThrottled,
    PasskeyRequired,
    PasswordWrong,
    Proof,
    TotpInvalid,
    TotpRequired,
    demand,
    prove,
    prove_password,
)
from .standing import FactorMissing, FactorNeeded, FactorsOut, PasskeyOut, clear, find, has, renew_codes, settle, tell
from .tables import Means

__all__ = [
    "TRIES",
    "UNPROVED",
    "Assertion",
    "Attestation",
    "Code",
    "CodesThrottled",
    "FactorMissing",
    "FactorNeeded",
    "FactorsOut",
    "Means",
    "PasskeyOut",
    "PasskeyRequired",
    "PasswordWrong",
    "Proof",
    "TotpInvalid",
    "TotpRequired",
    "clear",
    "demand",
    "find",
    "has",
    "passkeys",
    "prove",
    "prove_password",
    "recovery",
    "renew_codes",
    "settle",
    "tell",
    "totp",
]
