"""One execution environment of a function as Lambda has it: the real runtime, under AWS's own emulator of what is around it.

The emulator comes with SAM's command line, the runtime is a virtual environment that holds nothing but Lambda's own client
and boto3, as AWS's has it. An environment serves one invocation at a time, and is frozen in between if one likes.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import platform
import secrets
import signal
import socket
import subprocess
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from local.processes import dying_with_us
from local.stack import Function, NotBuilt

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 20
_INVOKE = "/2015-03-31/functions/function/invocations"


@dataclass(frozen=True)
class Artefact:
    """A function as it is deployed, unpacked."""

    name: str
    handler: str
    timeout: int
    """Seconds, as the template has them."""
    memory: int
    """Megabytes."""
    task: Path
    """Plays /var/task: the function's own code."""
    layers: tuple[Path, ...]
    """Play /opt together."""
    prefix: tuple[str, ...] = ()
    """A command that puts all this where it is on AWS, /var/task and /opt, and runs there what follows it."""

    @property
    def environment(self) -> dict[str, str]:
        """What Lambda itself sets, for every function."""
        task = "/var/task" if self.prefix else str(self.task)
        python = ["/opt/python"] if self.prefix else [f"{layer}/python" for layer in self.layers]
        databases = () if self.prefix else sorted(path for layer in self.layers for path in layer.glob("geoip/*.mmdb"))
        return {
            "PATH": os.defpath,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "LAMBDA_TASK_ROOT": task,
            "PYTHONPATH": os.pathsep.join([task, *python]),
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(self.timeout),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory),
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            # Lambda's disk is read-only, which the folders here may not be for whoever owns them.
            "PYTHONDONTWRITEBYTECODE": "1",
            # Where nothing can be put into /opt, the function is told where else it is.
            **({"GEOIP_DB": str(databases[-1])} if databases else {}),
        }

    @property
    def runtime(self) -> Path:
        """The Python that its bytecode was made for, in an environment that has what Lambda's has. Raises NotBuilt."""
        tag = next((path.suffixes[-2] for path in sorted(self.task.rglob("*.cpython-*.pyc"))), "")
        version = tag.removeprefix(".cpython-3")
        found = ROOT / f".venv-python3.{version}/bin/python"
        if not version or not found.exists():
            raise NotBuilt(f"no Lambda runtime for the packages of {self.name}: {found.parent.parent.name} is not here")
        return found


class Instance:
    """An execution environment. Starting it is quick: the function's own start belongs to its first invocation."""

    def __init__(self, artefact: Artefact, variables: Mapping[str, str], log: IO[bytes]) -> None:
        """`variables` are those of the template; what the function and the emulator say goes to `log`."""
        self.name = artefact.name
        self._address, self._runtime_api = (f"127.0.0.1:{_free_port()}" for _ in range(2))
        self.process = subprocess.Popen(
            [
                *artefact.prefix,
                *(str(find()), "--log-level", "error"),
                # Both, always: what is left out is 0.0.0.0:8080.
                *("--runtime-interface-emulator-address", self._address, "--runtime-api-address", self._runtime_api),
                *(str(artefact.runtime), "-m", "awslambdaric", artefact.handler),
            ],
            cwd=artefact.task,
            env={**artefact.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for whoever started us
            preexec_fn=dying_with_us(signal.SIGTERM),  # noqa: PLW1509  # nothing here runs on other threads between fork and exec
        )
        self._wait_until_listening()
        self._connection = http.client.HTTPConnection(self._address, timeout=artefact.timeout + 30)

    def _wait_until_listening(self) -> None:
        host, _, port = self._address.partition(":")
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                socket.create_connection((host, int(port)), 1).close()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise NotBuilt(f"the emulator of {self.name} does not start") from None
                time.sleep(0.002)
            else:
                return

    def invoke(self, event: Mapping[str, Any]) -> Any:  # noqa: ANN401  # whatever the function answers
        """Invoke the function and return what it answers; a failure is an object with errorMessage and errorType.

        One at a time: a second invocation while the first is under way ends the emulator.
        """
        self._connection.request("POST", _INVOKE, json.dumps(event).encode())
        answer = self._connection.getresponse().read()
        try:
            return json.loads(answer)
        except ValueError:
            # How the emulator tells that a function took too long, or that its process ended.
            return {"errorMessage": answer.decode(errors="replace"), "errorType": "Sandbox"}

    @property
    def runtime(self) -> int:
        """The process id of the function itself, once it was invoked: it leads a group of its own."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not children:
            # Children are listed by the thread that started them.
            tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
            children = [child for path in tasks for child in path.read_text().split()]
        return int(children[0])

    def freeze(self) -> None:
        """Stop the function's processes where they are, as Lambda does between invocations."""
        os.killpg(self.runtime, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.runtime, signal.SIGCONT)

    def stop(self) -> None:
        if hasattr(self, "_connection"):
            self._connection.close()
        # The emulator doesn't always take a function with it that is frozen or busy.
        with suppress(OSError, IndexError, ProcessLookupError):
            os.killpg(self.runtime, signal.SIGKILL)
        self.process.kill()
        self.process.wait()


def find() -> Path:
    """Return the emulator for this machine's processor. Raises NotBuilt."""
    kind = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
    found = sorted((ROOT / ".venv-sam").glob(f"lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{kind}"))
    if not found or platform.system() != "Linux":
        raise NotBuilt("Lambda's emulator is not here: it runs on Linux, and comes with `make .venv-sam/made`")
    return found[0]


def unpack(function: Function, into: Path) -> Artefact:
    """Unpack a function's packages; a layer that is there already is the one that another function has too."""
    task, *layers = (_unpacked(package, into) for package in (function.code, *function.layers))
    return Artefact(function.name, function.handler, function.timeout, function.memory, task, tuple(layers))


def _unpacked(package: Path, into: Path) -> Path:
    if package.is_dir():
        return package
    folder = into / package.stem
    if not folder.exists():
        with zipfile.ZipFile(package) as zipped:
            zipped.extractall(folder)
    return folder


# Below those that systems give to whoever asks for any, so that nobody is given one before the emulator takes it.
_PORTS = range(20_000, 32_000)
_next_port = itertools.count(secrets.randbelow(len(_PORTS)))


def _free_port() -> int:
    """Choose a port that is free; never the same twice soon, as many environments may start at once."""
    while True:
        port = _PORTS[next(_next_port) % len(_PORTS)]
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
