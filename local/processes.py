"""What the host asks of the kernel: to end a child with it, to be rid of root, to tell whose a process id is."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from local.services import ServicesError

LINUX = sys.platform == "linux"


def dying_with_us(farewell: signal.Signals) -> Callable[[], None] | None:
    """Have the kernel send `farewell` to the child when this process goes, even by kill -9.

    The kernel forgets the request when a process changes its user, which is why `unroot` does that to the host itself.
    It holds through `unshare --user`: outside the namespace the user stays what it was.
    """
    if not LINUX:
        return None
    prctl, host, set_death_signal = ctypes.CDLL(None).prctl, os.getpid(), 1

    def tie() -> None:
        prctl(set_death_signal, int(farewell), 0, 0, 0)
        if os.getppid() != host:  # we died before the call
            os._exit(1)

    return tie


def unroot(data: Path) -> list[str]:
    """Return the prefix under which PostgreSQL doesn't see that it is root, which it refuses to be.

    Where the kernel allows no user namespace, or the data belongs to somebody, this process becomes that user instead.
    """
    if os.geteuid() != 0:
        return []
    if data.stat().st_uid == 0:
        disguise = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
        probe = [*disguise, "true"]
        if shutil.which("unshare") and not subprocess.run(probe, capture_output=True, check=False).returncode:
            return disguise
        nobody = pwd.getpwnam("nobody")
        for folder, _, files in os.walk(data):
            for path in (folder, *(f"{folder}/{name}" for name in files)):
                os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    user = data.stat()
    os.setgroups([])
    os.setgid(user.st_gid)
    os.setuid(user.st_uid)
    needed = {data: os.W_OK | os.X_OK, Path(sys.prefix): os.X_OK}
    if closed := [str(path) for path, mode in needed.items() if not os.access(path, mode)]:
        raise ServicesError(
            f"PostgreSQL refuses to run as root, and the user it would run as (uid {user.st_uid}) can't reach "
            f"{' nor '.join(closed)}: move it where everybody may enter, run as an ordinary user, or set DATABASE_URL"
        )
    return []


def server_of(pid_file: Path) -> int | None:
    """Return the live server that wrote the file (both work in the folder it is in); None if it is stale."""
    try:
        pid = abs(int(pid_file.read_text().split()[0]))
        if LINUX:
            folder = Path(f"/proc/{pid}/cwd").readlink()
        else:
            command = ["lsof", "-a", "-p", str(pid), "-d", "cwd", "-Fn"]
            answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            folder = Path(answer.split("\nn")[1].rstrip())
    except (OSError, ValueError, IndexError):
        return None
    return pid if folder == pid_file.parent else None
