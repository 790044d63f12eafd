"""`make tunnel` with a stand-in for the ngrok agent, which serves the same local API and logs in the same form.

The real one was not run: it needs an account, and a way to its service.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e import running

TOKEN = "2abcSecretToken"
ADDRESS = "https://calm-otter.ngrok-free.app"
# Written from the agent's documentation and its users' logs. It stays until SIGTERM, as the real one does.
AGENT = f"""
import http.server, json, os, signal, sys, time
def say(**fields): print(json.dumps({{"lvl": "info", "t": "2026-01-01T00:00:00Z"}} | fields), flush=True)
open(os.environ["NGROK_TEST_LOG"], "w").write(json.dumps({{"argv": sys.argv[1:], "env": sorted(os.environ)}}))
say(msg="open config file", path="/root/.config/ngrok/ngrok.yml", err=None)
if os.environ.get("NGROK_AUTHTOKEN") != "{TOKEN}":
    reason = "authentication failed: The authtoken you specified does not look like a proper ngrok authtoken."
    quoted = reason + "\\nYour authtoken: " + os.environ["NGROK_AUTHTOKEN"] + "\\r\\n\\r\\nERR_NGROK_105\\r\\n"
    say(lvl="eror", msg="failed to auth", obj="tunnels.session", err=quoted)
    print("ERROR:  " + reason, "ERROR:  ERR_NGROK_105", sep="\\n", file=sys.stderr)
    sys.exit(1)
tunnels = []
class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({{"tunnels": tunnels, "uri": self.path}}).encode()
        self.send_response(200 if self.path == "/api/tunnels" else 404)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
say(msg="starting web service", obj="web", addr=f"127.0.0.1:{{server.server_port}}")
import threading
threading.Thread(target=server.serve_forever, daemon=True).start()
time.sleep(0.5)
for scheme in ("http", "https"):
    tunnels.append({{"name": "command_line", "public_url": "{ADDRESS}".replace("https", scheme), "proto": scheme,
                     "config": {{"addr": "http://localhost:" + sys.argv[2], "inspect": True}}}})
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True: time.sleep(0.1)
"""


class Tunnel:
    def __init__(self, folder: Path, **env: str) -> None:
        self.folder, self.port, self.data = folder, running.free_port(), folder / "data"
        self.log = folder / "said"
        program = folder / "bin/ngrok"
        program.parent.mkdir()
        program.write_text(f"#!{sys.executable}\n{AGENT}")
        program.chmod(0o755)
        path = f"{program.parent}:{os.environ['PATH']}"
        self.env = running.environment(
            **({"PATH": path, "NGROK_TEST_LOG": str(folder / "agent"), "GINNEL_RUN": str(self.data)} | env)
        )

    def start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "local.tunnel", "--port", str(self.port), "--data", str(self.data)]
        with self.log.open("w") as output:
            return subprocess.Popen(command, cwd=running.ROOT, env=self.env, text=True, stdout=output, stderr=output)

    def refused(self) -> str:
        """Return what it says as it gives up, at once and with nothing started."""
        assert self.start().wait(20) == 1
        assert not self.data.exists()
        assert "Traceback" not in self.log.read_text()
        return self.log.read_text()

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[str]]:
        process = self.start()
        try:
            deadline = time.monotonic() + running.START_SECONDS
            while "Ctrl-C stops it" not in self.log.read_text():
                assert process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.05)
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(60)
        running.wait_until_gone(self.data)


def agent_of(tunnel: Tunnel) -> int | None:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if str(tunnel.folder / "bin/ngrok").encode() in (entry / "cmdline").read_bytes():
                return int(entry.name)
        except OSError:
            continue
    return None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_agents_address_is_the_installations_and_both_end_together(tmp_path: Path, number: signal.Signals) -> None:
    tunnel = Tunnel(tmp_path, NGROK_AUTHTOKEN=TOKEN, JWT_KEYS="", DATABASE_POOL="7", BASE_URL="http://before.example")
    with tunnel.up() as process:
        assert f"Ginnel is up at {ADDRESS}" in tunnel.log.read_text()
        at = f"http://127.0.0.1:{tunnel.port}"
        forwarded = {
            "host": "calm-otter.ngrok-free.app",
            "x-forwarded-for": "81.2.69.160",
            "x-forwarded-proto": "https",
        }
        person = {"email": "ada@example.com", "password": "a long enough password"}
        with httpx.Client(base_url=at, headers=forwarded, timeout=30) as client:
            token = client.post("/api/v1/auth/register", json=person).json()["access_token"]
            client.headers["authorization"] = f"Bearer {token}"
            link = client.post("/api/v1/links", json={"target": "https://example.com/"}).json()
            assert link["short_url"] == f"{ADDRESS}/{link['slug']}"
            agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
            assert client.get(f"/{link['slug']}", headers={"user-agent": agent}).status_code == 302
            for _ in range(200):
                found = client.get("/api/v1/stats/summary", params={"link": link["id"]}).json()
                if found["clicks"]:
                    break
                time.sleep(0.05)
            assert found == {"clicks": 1, "visitors": 1, "bots": 0}
        told = json.loads((tmp_path / "agent").read_text())
        assert told["argv"] == ["http", str(tunnel.port), "--log", "stdout", "--log-format", "json"]
        assert "NGROK_AUTHTOKEN" in told["env"]
        assert not {"DATABASE_POOL", "JWT_KEYS", "BASE_URL"} & set(told["env"])
        process.send_signal(number)
        assert process.wait(60) == 0
    assert agent_of(tunnel) is None
    assert "everything is kept" in tunnel.log.read_text()


def test_without_a_token_nothing_is_started(tmp_path: Path) -> None:
    said = Tunnel(tmp_path).refused()
    assert "There is no tunnel: NGROK_AUTHTOKEN is not set." in said
    assert not (tmp_path / "agent").exists()


def test_a_missing_agent_is_named(tmp_path: Path) -> None:
    tunnel = Tunnel(tmp_path, NGROK_AUTHTOKEN=TOKEN)
    tunnel.env["PATH"] = str(tmp_path)
    assert "there is no ngrok on the PATH" in tunnel.refused()


def test_a_refused_token_is_told_in_a_line_that_does_not_quote_it(tmp_path: Path) -> None:
    said = Tunnel(tmp_path, NGROK_AUTHTOKEN="2badToken").refused()
    assert re.search(r"There is no tunnel: authentication failed: The authtoken .* \(ERR_NGROK_105\)\n", said)
    assert "2badToken" not in said


def test_an_agent_that_ends_takes_the_host_with_it(tmp_path: Path) -> None:
    tunnel = Tunnel(tmp_path, NGROK_AUTHTOKEN=TOKEN)
    with tunnel.up() as process:
        agent = agent_of(tunnel)
        assert agent
        os.kill(agent, signal.SIGKILL)
        assert process.wait(60) == 1
    assert "There is no tunnel: the agent is gone: it ended without a word" in tunnel.log.read_text()
    assert "everything is kept" in tunnel.log.read_text()


def test_a_host_that_can_not_start_takes_the_agent_with_it(tmp_path: Path) -> None:
    tunnel = Tunnel(tmp_path, NGROK_AUTHTOKEN=TOKEN, DATABASE_POOL="many")
    assert tunnel.start().wait(60) == 1
    assert "DATABASE_POOL must be a number" in tunnel.log.read_text()
    assert agent_of(tunnel) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a death signal")
def test_nothing_outlives_a_tunnel_that_was_killed(tmp_path: Path) -> None:
    tunnel = Tunnel(tmp_path, NGROK_AUTHTOKEN=TOKEN)
    with tunnel.up() as process:
        process.kill()
        process.wait()
        running.wait_until_gone(tunnel.data)
    deadline = time.monotonic() + 10
    while agent_of(tunnel):
        assert time.monotonic() < deadline
        time.sleep(0.05)
