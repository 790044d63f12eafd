"""What may be said of a domain, and what is shown of it: the models of the API."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Annotated, Any, Literal

from ada_url import URL
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ginnel import web
from ginnel.conditions import Target

MAX_HOST = 245
"""Characters: a DNS name has 253 (RFC 1035, section 2.3.4), and the one that verifies it has eight more than the host."""
MAX_DOCUMENT = 16 * 1024
"""Bytes of an app-association file."""

_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


def host(text: str) -> str:
    """Return a host as domains are kept by: in punycode and lower case, with nothing before or behind it."""
    try:
        url = URL(f"https://{text}/")
    except ValueError:
        url = None
    if url is None or set(text) & set("/\\?#@:[]% \t"):
        raise PydanticCustomError("host_invalid", "is not a host's name, such as go.example.com")
    name = url.hostname.removesuffix(".")
    if not _NAME.fullmatch(name) or name.rpartition(".")[2].isdigit():
        raise PydanticCustomError("host_invalid", "must be a host's name, such as go.example.com, and no address")
    if len(name) > MAX_HOST:
        raise PydanticCustomError("host_too_long", f"must have at most {MAX_HOST} characters")
    return name


def _document(document: Any) -> Any:  # noqa: ANN401  # JSON
    if len(json.dumps(document, ensure_ascii=False).encode(errors="replace")) > MAX_DOCUMENT:
        raise PydanticCustomError("document_too_long", f"must have at most {MAX_DOCUMENT} bytes")
    if not _storable(document):
        raise PydanticCustomError("document_characters", "must not contain NUL or unpaired surrogates")
    return document


def _storable(document: Any) -> bool:  # noqa: ANN401  # JSON
    """Say whether PostgreSQL's jsonb can keep it."""
    text = json.dumps(document, ensure_ascii=False)
    return "\\u0000" not in text and not any(0xD800 <= ord(char) < 0xE000 for char in text)  # noqa: PLR2004  # surrogates


Host = Annotated[web.Text, Field(max_length=1024, examples=["go.example.com"]), AfterValidator(host)]
Document = Annotated[dict[str, Any] | list[Any], AfterValidator(_document)]


class _Draft(web.Input):
    case_sensitive: bool = Field(
        default=False, description="Whether slugs that differ in case are different. Settled once there is a link."
    )
    default: bool = Field(
        default=False, description="Whether the workspace's links stand here if nothing else is said."
    )
    root_target: Target | None = Field(default=None, description="Where the host without a slug leads.")
    not_found_target: Target | None = Field(default=None, description="Where unknown slugs lead.")
    expired_target: Target | None = Field(
        default=None, description="Where links that are over lead, if they don't say it themselves."
    )
    apple_app_site_association: Document | None = Field(
        default=None, description="Served at /.well-known/apple-app-site-association, so that apps open links."
    )
    assetlinks: Document | None = Field(default=None, description="Served at /.well-known/assetlinks.json.")


class DomainDraft(_Draft):
    host: Host


class DomainChange(_Draft):
    """Fields that are left out stay as they are; null clears a field that may be empty."""


class Record(web.Output):
    name: Annotated[str, Field(examples=["_ginnel.go.example.com"])]
    type: Literal["TXT"]
    value: Annotated[str, Field(examples=["ginnel-verification=3q2-7w"])]


class DomainOut(web.Output):
    id: int
    host: str
    verified: bool = Field(description="Until then nobody is served on it, and no link can be put there.")
    verification: Record | None = Field(description="The DNS record that verifies it; null once it is verified.")
    case_sensitive: bool
    default: bool
    root_target: str | None
    not_found_target: str | None
    expired_target: str | None
    apple_app_site_association: Any | None
    assetlinks: Any | None
    version: int
    created_at: datetime
    updated_at: datetime


class DomainPage(web.Output):
    items: list[DomainOut]
