"""A disk is full: of one store, and redirects go on by the other; of both, and nobody is promised anything."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from ginnel import clicks
from tests.e2e import running
from tests.faults.conftest import Tell
from tests.faults.crowd import DRAIN_SECONDS, Promises, check, follow, registered, said, stroll
from tests.faults.scale import scaled
from tests.faults.stores import Installation, asking, installation

pytestmark = [pytest.mark.faults, pytest.mark.skipif(sys.platform != "linux", reason="only Linux has tmpfs")]

AMID = 10**6
"""Clicks amid the fault have numbers of their own."""
SIZES = {"postgres": "192m", "valkey": "24m"}


class Disk:
    """A small file system that can be filled up."""

    def __init__(self, at: Path, size: str) -> None:
        self.at, self.size = at, size
        self._filler = at / "filler"

    def mount(self) -> None:
        self.at.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.size},mode=700", "ginnel-test", str(self.at)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"can't mount a small disk here: {done.stderr.strip()}")

    def fill(self) -> None:
        with suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 12))

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


@pytest.fixture
def disks(folder: Path) -> Iterator[dict[str, Disk]]:
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root may mount a small disk: see the next test")
    made = {kind: Disk(folder / f"{kind}-data", size) for kind, size in SIZES.items()}
    mounted: list[Disk] = []
    try:
        for disk in made.values():
            disk.mount()
            mounted.append(disk)
        yield made
    finally:
        for disk in mounted:
            subprocess.run(["umount", "-l", str(disk.at)], check=True)


@contextmanager
def full(*disks: Disk) -> Iterator[None]:
    for disk in disks:
        disk.fill()
    try:
        yield
    finally:
        for disk in disks:
            disk.free()


@pytest.mark.parametrize("which", [["valkey"], ["postgres"], ["valkey", "postgres"]], ids="+".join)
async def test_a_full_disk_loses_no_click(folder: Path, disks: dict[str, Disk], which: list[str], tell: Tell) -> None:
    asked = scaled(20_000, otherwise=1_000)
    with installation(folder) as site:
        live = site.live
        promises = await registered(live)
        await stroll(live, promises, 40)
        amid = Promises(promises.bearer, promises.links, tried=AMID)
        with full(*(disks[kind] for kind in which)):
            await stroll(live, amid, asked)
            waiting = await waits(site)
            panics = (site.postgres.data / "postgres.log").read_text().count("PANIC")
        await until_followed(site, promises)
        live.wait_until_healthy()
        promises.followed += amid.followed
        result = await check(live, promises, database_url=site.postgres.url)
    tell(
        f"Disk full ({' and '.join(which)}): {len(amid.followed)} of {amid.tried - AMID} clicks answered by 302, others "
        f"{dict(amid.refused)}, {waiting} entries waiting, PostgreSQL panicked {panics} times; "
        f"after space returned: {said(result)}"
    )
    assert not any(result.values()), live.said()
    if len(which) == 1:
        # Whose click the other store does not take in time is told so.
        assert set(amid.refused) <= {503}
        assert len(amid.followed) >= 0.99 * asked
    else:
        assert set(amid.refused) == {503}


@pytest.mark.skipif(os.geteuid() == 0, reason="root mounts without a namespace of its own")
def test_a_full_disk_loses_no_click_for_who_is_not_root(tell: Tell) -> None:
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no user namespaces here")
    again = [*namespace, sys.executable, "-m", "pytest", __file__, "-m", "faults", "-q"]
    done = subprocess.run(again, cwd=running.ROOT, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if "Disk full" in line:
            tell(line.strip())
    assert done.returncode == 0, done.stdout[-8000:]


async def waits(site: Installation) -> int:
    async with asking(site.valkey) as valkey:
        return int(await valkey.xlen(clicks.STREAM))


async def until_followed(site: Installation, promises: Promises) -> None:
    async with httpx.AsyncClient(base_url=site.live.base) as client:
        async with asyncio.timeout(DRAIN_SECONDS):
            while not promises.followed or promises.refused:
                promises.refused.clear()
                await follow(client, promises)
                await asyncio.sleep(0.1)
