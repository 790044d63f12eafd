"""What operators do and see: accounts, workspaces and links of the whole installation, and what was done to them.

Each part of it is a module. `rights` has what an operator may not do: leave the installation without one.
"""


def as_id(typed: str) -> int | None:
    """Read what may be an id; None if it is none."""
    typed = typed.strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 18 else None  # noqa: PLR2004  # 2**63 has 19 digits
