"""JSON, as APIs give lists out: an array of objects, a page that holds one, or objects or pages one after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from ginnel.errors import FieldError, Invalid

from .rows import MAX_ROW, Row

_LIST = r'"(?:items|links|data|shortUrls|result)"\s*:\s*'
_SCALAR = r'\s*"\w+"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[-+.\w]+)\s*,'
_PAGE = re.compile(rf"\{{(?:{_SCALAR})*\s*{_LIST}(?=[\[{{])")
"""How a page begins: with its list, before which only numbers and the like may stand."""
_INNER = re.compile(rf"{_LIST}\[")
"""Where a page's list is not that, but an object around it."""
_MEMBER = re.compile(r'\s*"(?:[^"\\]|\\.)*"\s*:\s*')
_SPACE = re.compile(r"[\s,]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^"{}\[\]]+|[{}\[\]]')


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)

Place = Literal["outside", "array", "members", "after"]
"""Between values; in a list of objects; in an object whose members are the rows; behind a page's list."""


class ObjectRows:
    def __init__(self, place: Place = "outside", depth: int = 0, number: int = 0, rest: str = "") -> None:
        self._place: Place = place
        self._depth = depth
        """How many pages are open around the list."""
        self._number = number
        self._rest = rest

    def state(self) -> dict[str, Any]:
        return {"place": self._place, "depth": self._depth, "number": self._number, "rest": self._rest}

    def feed(self, text: str, *, last: bool) -> Iterator[Row]:
        """Return the rows that end in `text`. Raises Invalid where it is no JSON, or too much in one piece."""
        self._rest += text
        at = 0
        while (step := self._step(at, last=last)) is not None:
            at, row = step
            if row is not None:
                yield row
        self._rest = self._rest[at:]
        if len(self._rest) > MAX_ROW:
            raise self._refused("row_too_long", f"is longer than {MAX_ROW} characters, or no JSON")
        if last and (self._rest.strip(" \t\r\n,") or self._place != "outside"):
            raise self._refused("json_invalid", "is not valid JSON, or not whole")
        if last and not self._number:
            raise Invalid.field("", "file_empty", "has no rows")

    def _step(self, at: int, *, last: bool) -> tuple[int, Row | None] | None:
        """Go one value, or one sign, on; None where more has to be read first."""
        if self._place == "after":
            return self._leave(at)
        at = _end(_SPACE, self._rest, at)
        if at == len(self._rest):
            return None
        sign = self._rest[at]
        if self._place == "outside":
            if sign == "[":
                self._place, self._depth = "array", 0
                return at + 1, None
            if (page := _PAGE.match(self._rest, at)) and page.end() < len(self._rest):
                self._place = "array" if self._rest[page.end()] == "[" else "members"
                self._depth = 1
                return page.end() + 1, None
        elif sign in "]}":
            self._place = "after" if self._depth else "outside"
            return at + 1, None
        if self._place == "members":
            if (member := _MEMBER.match(self._rest, at)) is None or member.end() == len(self._rest):
                return None
            if inner := _INNER.match(self._rest, at):
                self._place, self._depth = "array", self._depth + 1
                return inner.end(), None
            at = member.end()
        return self._value(at, last=last)

    def _leave(self, at: int) -> tuple[int, None] | None:
        """Skip what stands in a page behind its list."""
        token = _TOKEN.match(self._rest, at)
        if token is None:
            return None
        self._depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if not self._depth:
            self._place = "outside"
        return token.end(), None

    def _value(self, at: int, *, last: bool) -> tuple[int, Row | None] | None:
        try:
            value, end = _DECODER.raw_decode(self._rest, at)
        except ValueError:
            return None  # or there is more to come: feed tells in the end
        except RecursionError:
            raise self._refused("json_invalid", "is too deep") from None
        if end == len(self._rest) and not last and not isinstance(value, dict):
            return None  # a number that may go on
        self._number += 1
        if isinstance(value, dict):
            return end, Row(self._number, value.keys(), value, None)
        return end, Row(self._number, (), {}, FieldError("", "row_invalid", "is not a JSON object"))

    def _refused(self, code: str, detail: str) -> Invalid:
        number = self._number + 1
        return Invalid.field(f"/{number}", code, f"in row {number} {detail}")


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
