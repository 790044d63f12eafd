from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ginnel import cursors
from ginnel.errors import Invalid


@given(st.text(), st.integers(1, 2**63 - 1))
def test_a_cursor_says_what_was_packed(text: str, number: int) -> None:
    assert cursors.read(cursors.pack(text, number), lambda value, last: (value, cursors.number(last))) == (text, number)


@given(st.text())
def test_what_is_no_cursor_is_told_so(cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        cursors.read(cursor, lambda: cursors.number(None))
    assert refused.value.errors[0].pointer == "query:cursor"


@pytest.mark.parametrize("position", [[], ["7"], [0], [-1], [2**63], [1.0], [True], [None], [1, 2], {"a": 1}, 7, "x"])
def test_a_cursor_of_another_list_is_told_so(position: object) -> None:
    forged = base64.urlsafe_b64encode(json.dumps(position).encode()).decode()
    with pytest.raises(Invalid):
        cursors.read(forged, cursors.number)
