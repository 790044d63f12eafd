"""What can go wrong, as clients see it: RFC 9457 problems with a status and a stable code.

A new kind of failure is a new class here, or in the module of the noun it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field. `pointer` is a JSON pointer into the body, or `query:name`, `header:name`, `path:name`."""

    pointer: str
    code: str
    detail: str


class Problem(Exception):  # the RFC's own word
    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    commits: ClassVar[bool] = False
    """Whether what the request did before it was refused is kept (see db.transaction)."""

    def __init__(
        self,
        detail: str = "",
        *,
        errors: list[FieldError] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}

    def body(self, request_id: str) -> dict[str, Any]:
        return body(self.status, self.code, self.detail, request_id, self.errors)


def body(
    status: int, code: str, detail: str, request_id: str, errors: list[FieldError] | None = None
) -> dict[str, Any]:
    """Shape a problem. `type` is a relative reference, so that it holds on every host."""
    shaped: dict[str, Any] = {
        "type": f"/docs#problem-{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    if errors:
        shaped["errors"] = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in errors]
    return shaped


class BadRequest(Problem):
    """It can't be read: its head is too long, or its body is not what its `Content-Type` says (`json_invalid`: no JSON)."""

    status, code = 400, "bad_request"


class Unauthorized(Problem):
    """The call has no proof of who sent it."""

    status, code = 401, "unauthorized"

    def __init__(self, detail: str = "") -> None:
        # RFC 9110, section 11.6.1: a 401 names the scheme that would do.
        super().__init__(detail, headers={"www-authenticate": "Bearer"})


class Forbidden(Problem):
    status, code = 403, "forbidden"


class NotFound(Problem):
    """There is none, or not for those who ask; their workspace neither, if they are no member of it."""

    status, code = 404, "not_found"

    def __init__(self, noun: str, name: object = "") -> None:
        super().__init__(f"No such {noun}: {name}." if name != "" else f"No such {noun}.")


class Conflict(Problem):
    status, code = 409, "conflict"


class PreconditionFailed(Problem):
    """It was changed since the version that `If-Match` names."""

    status, code = 412, "version_mismatch"


class Invalid(Problem):
    """The request was understood and can't be done as it stands; `errors` name each field."""

    status, code = 422, "invalid"

    @classmethod
    def field(cls, pointer: str, code: str, detail: str) -> Invalid:
        return cls("Some fields are not valid.", errors=[FieldError(pointer, code, detail)])


class PreconditionRequired(Problem):
    """This has to say by `If-Match` which version it is about (RFC 6585, section 3)."""

    status, code = 428, "precondition_required"


class TooManyRequests(Problem):
    """There were too many calls, or tries: `Retry-After` says in how many seconds there may be another."""

    status, code = 429, "too_many_requests"


class BodyTooLarge(Problem):
    """The body has more bytes than are read."""

    status, code = 413, "body_too_large"


class Unavailable(Problem):
    """A backing service does not answer. Clients may try again."""

    status, code = 503, "unavailable"

    def __init__(self, detail: str = "The service is not available at the moment. Please try again.") -> None:
        super().__init__(detail, headers={"retry-after": "2"})
