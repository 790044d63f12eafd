from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from ginnel import postgres


@pytest.fixture
async def outbox() -> AsyncIterator[asyncpg.Connection]:
    """Empty the outbox, and give a hand on it."""
    connection = await postgres.connect()
    await connection.execute("delete from mail_outbox")
    yield connection
    await connection.execute("delete from mail_outbox")
    await connection.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate of localhost's that nobody but itself has signed."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", folder / "key", "-out", folder / "cert"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder
