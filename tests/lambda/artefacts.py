"""The packages that are deployed, each under Lambda's own emulator, as real as a machine without AWS has it.

They are unpacked into folders that nobody may write to. Where the kernel allows it, a function also sees them where Lambda
has them, /var/task and /opt, on a disk of which nothing but /tmp can be written to; elsewhere PYTHONPATH and GEOIP_DB lead
to them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from ginnel import places
from local import emulator, stack
from local.emulator import Artefact, Instance

from . import events, template
from .connected import Answer, Connected, Stores

# Made by `make here`: the packages for this machine.
BUILT = template.ROOT / ".aws-sam/here/build/template.yaml"
_SEALED = Path(__file__).with_name("sealed.sh")


@dataclass(frozen=True)
class Packages:
    """All functions' packages, unpacked; each by its folder's name, as in the template's reader."""

    functions: dict[str, Artefact]
    folder: Path
    contents: dict[str, int]
    """When each file was last written to."""

    @property
    def sealed(self) -> bool:
        return all(artefact.prefix for artefact in self.functions.values())

    def changed(self) -> list[str]:
        """List the files that are new, gone or written to since."""
        now = _contents(self.folder)
        return sorted(path for path in now.keys() | self.contents.keys() if now.get(path) != self.contents.get(path))


def _contents(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@contextmanager
def unpacked() -> Iterator[Packages]:
    folder = Path(tempfile.mkdtemp(prefix="ginnel-packages-"))
    try:
        functions = {function.name.removesuffix("Function").lower(): function for function in stack.read(BUILT)}
        found = {name: emulator.unpack(function, folder) for name, function in functions.items()}
        # What an operator puts there; the package that is built here has none.
        if database := places.default_database():
            for place in folder.glob("*/geoip"):
                shutil.copy(database, place)
        if _sealable():
            found = {name: _at_their_places(name, artefact, folder) for name, artefact in found.items()}
        _write_protect(folder)
        yield Packages(found, folder, _contents(folder))
    finally:
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(folder)


def _sealable() -> bool:
    with tempfile.TemporaryDirectory(prefix="ginnel-sealed-") as root:
        probe = Path(root) / "probe"
        for each in ("root", "task", "opt"):
            (probe / each).mkdir(parents=True)
        command = [*_seal(probe / "root", probe / "task", probe / "opt"), "true"]
        return not subprocess.run(command, capture_output=True, check=False, env={"PATH": os.defpath}).returncode


def _seal(root: Path, task: Path, opt: Path) -> tuple[str, ...]:
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    return (
        *("unshare", "--mount", *user, "--propagation", "private"),
        *("sh", str(_SEALED), str(root), str(task), str(opt)),
    )


def _at_their_places(name: str, artefact: Artefact, folder: Path) -> Artefact:
    opt, root = folder / f"opt-{name}", folder / "root"
    root.mkdir(exist_ok=True)
    for layer in artefact.layers:
        shutil.copytree(layer, opt, dirs_exist_ok=True, copy_function=os.link)
    return replace(artefact, prefix=_seal(root, artefact.task, opt))


def _write_protect(folder: Path) -> None:
    for path in folder.rglob("*"):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))


@dataclass
class Emulated(Connected):
    """A function in an environment of the emulator's."""

    instance: Instance
    log: IO[bytes]

    async def exchange(self, event: events.Event) -> Answer:
        answer: Answer = await asyncio.to_thread(self.instance.invoke, event)
        return answer

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")


@asynccontextmanager
async def running(
    packages: Packages, name: str, stores: Stores, environment: Mapping[str, str]
) -> AsyncIterator[Emulated]:
    with tempfile.TemporaryFile() as log:
        instance = Instance(packages.functions[name], environment, log)
        try:
            yield Emulated(name, stores, instance, log)
        finally:
            instance.stop()
