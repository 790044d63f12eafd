"""Who may call what is below /api/v1/admin: people who run the installation, signed in themselves. No API key ever may."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from ginnel import access
from ginnel.access import Me

Operator = Annotated[Me, Depends(access.operator)]

REFUSALS = (*access.REFUSALS, access.NotOperator)
