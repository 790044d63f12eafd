"""What `sam build` has built, as packages: a zip a function and a layer, the same to the byte whenever its content is.

SAM's own zips list files in the disk's order, so that the same code would be uploaded, and published as a new version, from
each machine anew. `zip` replaces the built template's folders by zips; `upload` hands those to S3, as a deployment does.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

_FOLDER = re.compile(r"^( +(?:CodeUri|ContentUri): )(\w+)$", re.MULTILINE)
_SAM = Path(".venv-sam/bin/sam")
_BUCKET = "ginnel-packages"
_REGION = "us-east-1"  # where a bucket that is there already may be made again
LIMIT = 250 * 2**20
"""What Lambda allows a function and its layers, in bytes."""


def pack(build: Path) -> dict[str, Path]:
    """Zip each built folder that the template names, and name the zip in its place; return the zips by resource.

    A zip that is there already, of this content, is kept: packing is most of the work that a small change would cost.
    """
    packages = build / "../packages"
    packages.mkdir(exist_ok=True)
    template = build / "template.yaml"
    text = template.read_text()
    made = {folder: _packed(build / folder, packages) for _, folder in _FOLDER.findall(text)}
    template.write_text(_FOLDER.sub(lambda found: f"{found[1]}../packages/{made[found[2]].name}", text))
    for left in set(packages.glob("*.zip")) - set(made.values()):
        left.unlink()
    return made


def _packed(folder: Path, packages: Path) -> Path:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content)
    package = packages / f"{folder.name}-{digest.hexdigest()[:16]}.zip"
    if not package.exists():
        half = package.with_suffix(".new")
        with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as zipped:
            for path in files:
                info = zipfile.ZipInfo(str(path.relative_to(folder)))  # of 1980, whenever it was written
                info.create_system, info.external_attr = 3, 0o100644 << 16
                zipped.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)
        half.rename(package)
    return package


def sizes(build: Path) -> None:
    total = 0
    print(f"\n  {'':20}{'zipped':>10}{'unzipped':>12}")
    for package in sorted((build / "../packages").glob("*.zip")):
        with zipfile.ZipFile(package) as zipped:
            unzipped = sum(info.file_size for info in zipped.infolist())
        total += unzipped
        print(f"  {package.stem[:-17]:20}{package.stat().st_size / 1024:>7,.0f} kB{unzipped / 1024:>9,.0f} kB")
    if total > LIMIT:
        raise SystemExit(f"  Together {total:,} bytes: Lambda refuses a function that has more than {LIMIT:,}.")
    print()


@contextmanager
def storage() -> Iterator[None]:
    """See to it that AWS_ENDPOINT_URL names an S3: the given one, or a stand-in that lasts as long as the block."""
    if "AWS_ENDPOINT_URL" in os.environ:
        yield
        return
    from moto.server import ThreadedMotoServer  # noqa: PLC0415  # half a second that a given one spares

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    try:
        yield
    finally:
        # What it holds would outlive it in this process.
        urlopen(Request(os.environ.pop("AWS_ENDPOINT_URL") + "/moto-api/reset", method="POST")).close()  # noqa: S310  # ours
        server.stop()


def upload(build: Path) -> None:
    """Do a deployment's upload, to AWS_ENDPOINT_URL; say what was sent, and what was there already and was not.

    The template for CloudFormation is then in packaged.yaml.
    """
    from localstack_client.session import Session  # noqa: PLC0415  # as above

    bucket = Session(region_name=_REGION).resource("s3").Bucket(_BUCKET)
    bucket.create()
    had = {kept.key for kept in bucket.objects.all()}
    command: list[str | Path] = [_SAM, "package", "--no-progressbar", "--s3-bucket", _BUCKET, "--region", _REGION]
    command += ["--template-file", build / "template.yaml", "--output-template-file", build / "../packaged.yaml"]
    keys = {"AWS_ACCESS_KEY_ID": "stand-in", "AWS_SECRET_ACCESS_KEY": "stand-in"}
    done = subprocess.run(command, env=os.environ | keys, check=False, text=True, capture_output=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    for kept in bucket.objects.all():
        print(f"  {kept.size / 1024:>9,.0f} kB  {'kept' if kept.key in had else 'sent'}  {kept.key}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="packages")
    parser.add_argument("command", choices=("zip", "upload"))
    parser.add_argument("build", type=Path, help="the folder that `sam build` has made")
    wanted = parser.parse_args()
    if not (wanted.build / "template.yaml").exists():
        sys.exit(f"  Nothing is built in {wanted.build}: make build")
    if wanted.command == "zip":
        pack(wanted.build)
        sizes(wanted.build)
    else:
        with storage():
            upload(wanted.build)


if __name__ == "__main__":
    main()
