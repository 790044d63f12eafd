"""Who may register until an administrator has said so: apart from `installation`, as every start reads it and few ask."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    registration: str = "open"
    """open, invite or closed."""
    guests: bool = True
    """Whether links can be made before one registers, where everybody may register."""

    def __post_init__(self) -> None:
        if self.registration not in ("open", "invite", "closed"):
            raise ValueError("REGISTRATION must be open, invite or closed")
