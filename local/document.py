"""Print the OpenAPI document of the whole API, for what is made from it: `python -m local.document > openapi.json`.

Nothing is connected to. The functions' settings want to be there, so they get some that lead nowhere.
"""

from __future__ import annotations

import json
import os

SITE = "http://localhost:8000"
_KEY = '{"keys": [{"kty": "oct", "alg": "HS256", "kid": "none", "k": "bm90aGluZyBpcyBzaWduZWQgYnkgdGhpcyBvbmUga2V5"}]}'
_NOWHERE = {
    "BASE_URL": SITE,
    "DATABASE_URL": "postgresql://localhost/none",
    "REDIS_URL": "redis://localhost",
    "JWT_KEYS": _KEY,
}


def document() -> dict[str, object]:
    """Make the document."""
    os.environ |= _NOWHERE
    from ginnel import VERSION, openapi  # noqa: PLC0415  # settings are read as these are imported
    from local.host import FUNCTIONS  # noqa: PLC0415

    return openapi.merged(FUNCTIONS, version=VERSION, server=SITE)


if __name__ == "__main__":
    print(json.dumps(document(), indent=1))
