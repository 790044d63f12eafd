"""What browsers answer to WebAuthn's options: the JSON of `PublicKeyCredential.toJSON()` (Web Authentication, level 3, 5.1).

Members that are not needed here are passed over: browsers add some.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Encoded = Annotated[
    str, Field(pattern="^[A-Za-z0-9_-]+$", max_length=2048, description="base64url", examples=["q83vASNFZ4k"])
]
Large = Annotated[
    str, Field(pattern="^[A-Za-z0-9_-]+$", max_length=16_384, description="base64url", examples=["o2NmbXRkbm9uZQ"])
]


class _Members(BaseModel):
    model_config = ConfigDict(extra="ignore", validate_by_alias=True, serialize_by_alias=True)


class AttestationResponse(_Members):
    client_data: Annotated[Large, Field(alias="clientDataJSON")]
    attestation: Annotated[Large, Field(alias="attestationObject")]


class Attestation(_Members):
    """A new passkey."""

    id: Encoded
    raw_id: Annotated[Encoded, Field(alias="rawId")]
    type: Literal["public-key"]
    response: AttestationResponse


class AssertionResponse(_Members):
    client_data: Annotated[Large, Field(alias="clientDataJSON")]
    authenticator_data: Annotated[Large, Field(alias="authenticatorData")]
    signature: Encoded
    user_handle: Annotated[Encoded | None, Field(alias="userHandle")] = None


class Assertion(_Members):
    """A passkey's use."""

    id: Encoded
    raw_id: Annotated[Encoded, Field(alias="rawId")]
    type: Literal["public-key"]
    response: AssertionResponse
