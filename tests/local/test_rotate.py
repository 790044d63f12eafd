"""The command that changes keys, as an operator gives it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ginnel import jwks
from local import credentials
from tests.e2e import running


def rotate(*options: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local.rotate", *options],
        cwd=running.ROOT,
        env=running.environment(**env),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "jwt-keys.json"
    credentials.keep(made, credentials.signing_keys)
    return made


def test_the_keys_of_a_folder_are_followed_by_another(path: Path) -> None:
    (old,) = jwks.parse(path.read_text()).keys
    done = rotate("--data", str(path.parent))
    former, new = jwks.parse(path.read_text()).keys
    assert (former.kid, former.secret, new.exp) == (old.kid, old.secret, None)
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"{new.kid} signs from " in done.stdout
    assert f"{old.kid} verifies until " in done.stdout
    assert not [jwk["k"] for jwk in json.loads(path.read_text())["keys"] if jwk["k"] in done.stdout + done.stderr]


def test_after_a_theft_no_former_key_is_left(path: Path) -> None:
    (old,) = jwks.parse(path.read_text()).keys
    done = rotate("--at-once", JWT_KEYS_FILE=str(path))
    (new,) = jwks.parse(path.read_text()).keys
    assert new.kid != old.kid
    assert f"{new.kid} signs as soon as it is read" in done.stdout


def test_stolen_keys_go_also_where_the_file_is_spoilt(path: Path) -> None:
    path.write_text("{")
    done = rotate("--file", str(path))
    assert (done.returncode, path.read_text()) == (1, "{")
    assert f"Can't rotate: what {path} holds must be a JWK set" in done.stderr
    assert rotate("--file", str(path), "--at-once").returncode == 0
    jwks.parse(path.read_text())


def test_where_nothing_can_be_changed_it_says_what_to_do(tmp_path: Path) -> None:
    done = rotate("--data", str(tmp_path))
    assert (done.returncode, done.stderr) == (1, f"\n  Can't rotate: there is no {tmp_path}/jwt-keys.json\n\n")
    done = rotate("--data", str(tmp_path), JWT_KEYS=credentials.signing_keys())
    assert "JWT_KEYS is set, which lasts as long as a process. Put it into a file: JWT_KEYS_FILE=" in done.stderr
