"""Imports: files of links, of our own and of other shorteners, taken in at once and worked off row by row."""

from .formats import Format
from .reading import (
    COLUMNS,
    ImportFinished,
    ImportOut,
    ImportPage,
    Reported,
    cancel,
    find_all,
    get,
    own,
    report,
    resume,
)
from .receiving import OnConflict, PartUnexpected, TooManyImports, Wanted, begin, go_on
from .tables import Claim, Import, ImportRow
from .working import step, work

__all__ = [
    "COLUMNS",
    "Claim",
    "Format",
    "Import",
    "ImportFinished",
    "ImportOut",
    "ImportPage",
    "ImportRow",
    "OnConflict",
    "PartUnexpected",
    "Reported",
    "TooManyImports",
    "Wanted",
    "begin",
    "cancel",
    "find_all",
    "get",
    "go_on",
    "own",
    "report",
    "resume",
    "step",
    "work",
]
