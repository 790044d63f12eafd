"""Taking a person out of the installation: at once for everybody who looks, and bit by bit from what is kept.

`asking` ends what they can do and what visitors see of theirs, in one short transaction; `working` then empties the tables,
some rows a transaction, until nothing is left, not even its own note of it.
"""

from .tables import Erasure

__all__ = ["Erasure"]
