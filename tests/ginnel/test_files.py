"""Files of links are read the same however they are encoded, ended and cut."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ginnel import sheets
from ginnel.errors import Invalid
from ginnel.imports.files import Reader
from ginnel.imports.rows import MAX_CELL

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=12)


def read(data: bytes, *, step: int = 0, anew: bool = False) -> list[tuple[int, dict[str, Any]]]:
    """Read a file in pieces of `step` bytes, if `anew` each in another process's place."""
    reader, rows = Reader(), []
    for start in range(0, len(data), step or len(data) or 1):
        rows += list(reader.read(data[start : start + (step or len(data))]))
        if anew:
            reader = Reader(reader.state)
    rows += list(reader.read(b"", last=True))
    return [(row.number, row.cells) for row in rows]


def refusal(data: bytes, **how: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        read(data, **how)
    (error,) = caught.value.errors
    return error.pointer, error.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_encoding_and_line_end_is_read(encoding: str, end: str) -> None:
    text = end.join(["target,title", 'https://example.com/,"a, ""b"" ü"', "", "https://example.com/2,😀"])
    found = [
        (2, {"target": "https://example.com/", "title": 'a, "b" ü'}),
        (4, {"target": "https://example.com/2", "title": "😀"}),
    ]
    assert read(text.encode(encoding)) == read((text + end).encode(encoding), step=3, anew=True) == found


def test_line_ends_may_be_mixed_and_cells_may_have_some() -> None:
    assert read(b'a;b\r\n1;"x\r\ny"\r2;z\n3;\n') == [
        (2, {"a": "1", "b": "x\r\ny"}),
        (3, {"a": "2", "b": "z"}),
        (4, {"a": "3"}),
    ]


@given(
    st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=8),
    st.integers(1, 9),
    st.sampled_from(",;\t|"),
)
def test_wherever_csv_is_cut_the_rows_are_the_same(rows: list[list[str]], step: int, delimiter: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([["aa", "bb"], *rows])
    data = text.getvalue().encode()
    found = read(data) if any(map(any, rows)) else []
    assert [list(cells.values()) for _, cells in found] == [[cell for cell in row if cell] for row in rows if any(row)]
    if found:
        assert read(data, step=step) == read(data, step=step, anew=True) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | CELL,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CELL, inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(
        st.dictionaries(CELL.filter(lambda key: key not in {"items", "links", "data", "result"}), JSON),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 9),
    st.sampled_from(["array", "lines", "pages", "page", "members", "nested"]),
)
def test_wherever_json_is_cut_the_rows_are_the_same(objects: list[dict[str, Any]], step: int, shape: str) -> None:
    text = {
        "array": lambda: json.dumps(objects, indent=1),
        "lines": lambda: "\n".join(map(json.dumps, objects)),
        "pages": lambda: "\n".join(json.dumps({"limit": 1, "data": [one]}) for one in objects),
        "page": lambda: json.dumps(
            {"total": 2, "x": "}]\\", "links": objects, "pagination": {"next": "[{"}}, ensure_ascii=False
        ),
        "members": lambda: json.dumps({"links": {f"link_{n}": one for n, one in enumerate(objects)}, "stats": {}}),
        "nested": lambda: json.dumps({"shortUrls": {"data": objects, "pagination": {}}}),
    }[shape]()
    data = text.encode()
    found = read(data)
    assert [cells for _, cells in found] == objects
    assert read(data, step=step) == read(data, step=step, anew=True) == found


@pytest.mark.parametrize(
    ("data", "pointer", "code"),
    [
        (b"", "", "file_empty"),
        (b" \r\n ", "", "file_empty"),
        (b"[]", "", "file_empty"),
        (b"PK\x03\x04rest of a workbook", "", "file_kind"),
        ("target,title\nhttps://example.com/,Überschrift".encode("latin-1"), "", "encoding_invalid"),
        ("target,title\nx,ü".encode("utf-16")[:-1], "", "encoding_invalid"),
        (b"target,Target\nx,y", "/1/Target", "column_repeated"),
        (b'target,title\nx,"never closed\ny,z\n', "/2/title", "quote_unclosed"),
        (b"[{}, {", "/2", "json_invalid"),
        (b"[{}", "/2", "json_invalid"),
        (b'[{"a": NaN}]', "/1", "json_invalid"),
        (b'{"a": 1} nonsense', "/2", "json_invalid"),
        (b"[" * 100_000, "/1", "json_invalid"),
    ],
)
def test_what_can_not_be_read_is_refused_with_its_place(data: bytes, pointer: str, code: str) -> None:
    assert refusal(data) == (pointer, code)


def test_a_cell_of_ten_megabytes_is_refused_by_name_before_all_of_it_was_read() -> None:
    data = b'target,title\nhttps://example.com/,"' + b"x" * 10_000_000 + b'"\n'
    assert refusal(data, step=65_536) == ("/2/title", "cell_too_long")
    assert refusal(b'[{"title": "' + b"x" * 10_000_000, step=65_536) == ("/1", "row_too_long")


def test_a_cell_longer_than_any_field_is_its_rows_fault() -> None:
    reader = Reader()
    rows = list(reader.read(b"target,title\nx," + b"y" * (MAX_CELL + 1) + b"\na,b\n", last=True))
    assert [(row.number, row.fault and row.fault.code) for row in rows] == [(2, "cell_too_long"), (3, None)]


@given(CELL)
def test_a_cell_is_no_formula_and_comes_back_as_it_was(text: str) -> None:
    safe = sheets.safe(text)
    assert safe[:1] not in set("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
    assert sheets.plain(safe) == text


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "'=1", "'a", "''"]
)
def test_what_would_be_run_is_quoted(text: str) -> None:
    assert sheets.safe(text) == f"'{text}"
    assert sheets.plain(f"'{text}") == text


def test_an_apostrophe_of_a_persons_own_stays() -> None:
    assert sheets.plain("'tis") == "'tis"
