"""All that there is of a person, as a zip of JSON files, given out while it is read: however much it is, little is held.

Where answers are bounded it comes in parts, each a zip of its own; a file that is cut goes on in the next one, under its name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    answer_bytes: int = 0
    """Bytes after which an answer ends, with a Link to the next part; 0 where answers may have any length."""
