"""The look that a deployment takes at what it deployed."""

from __future__ import annotations

import http.server
import threading

import pytest

from local import smoke
from tests.e2e import running
from tests.e2e.running import Running


def look(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["smoke", at])
    monkeypatch.setattr(smoke, "_PATIENCE", 0.0)
    smoke.main()


def test_an_installation_at_work_is_found_so(
    live: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    look(f"{live.base}/", monkeypatch)
    assert capsys.readouterr().out == f"  {live.base} is at work\n"


def test_nothing_and_something_else_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"/health: no answer \(.*refused"):
        look(f"http://127.0.0.1:{running.free_port()}", monkeypatch)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(SystemExit, match="/health: 501 text/html;charset=utf-8, not 200 application/json"):
            look(f"http://127.0.0.1:{server.server_port}", monkeypatch)
    finally:
        server.shutdown()
        server.server_close()
