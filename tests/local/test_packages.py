"""Packages are the same to the byte whenever their content is."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from local import packages

TEMPLATE = """\
Resources:
  OneFunction:
    Properties:
      CodeUri: OneFunction
  TwoLayer:
    Properties:
      ContentUri: TwoLayer
"""


def built(folder: Path, *, backwards: bool = False) -> Path:
    """Make what `sam build` leaves, its files written in either order."""
    files = {"OneFunction/one/app.py": "a = 1", "OneFunction/one/__init__.py": "", "TwoLayer/python/two.py": "b = 2"}
    for name in sorted(files, reverse=backwards):
        path = folder / "build" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[name])
        os.utime(path, (1_500_000_000, 1_500_000_000 + 86400 * backwards))
    (folder / "build/template.yaml").write_text(TEMPLATE)
    return folder / "build"


def test_neither_order_nor_time_nor_mode_changes_a_package(tmp_path: Path) -> None:
    first = packages.pack(built(tmp_path / "a"))
    other = built(tmp_path / "b", backwards=True)
    (other / "OneFunction/one/app.py").chmod(0o600)
    second = packages.pack(other)
    assert first.keys() == second.keys() == {"OneFunction", "TwoLayer"}
    for name, package in first.items():
        assert package.name == second[name].name
        assert package.read_bytes() == second[name].read_bytes()


def test_the_template_names_the_packages_and_lambda_can_read_what_is_in_them(tmp_path: Path) -> None:
    build = built(tmp_path)
    made = packages.pack(build)
    text = (build / "template.yaml").read_text()
    for name, package in made.items():
        assert f"Uri: ../packages/{package.name}" in text
        assert package.name.startswith(f"{name}-")
    with zipfile.ZipFile(made["OneFunction"]) as zipped:
        assert zipped.namelist() == ["one/__init__.py", "one/app.py"]
        assert {info.external_attr >> 16 for info in zipped.infolist()} == {0o100644}


def test_a_change_makes_its_own_package_anew_and_leaves_the_others(tmp_path: Path) -> None:
    first = packages.pack(built(tmp_path))
    kept = first["TwoLayer"].stat()
    build = built(tmp_path)
    (build / "OneFunction/one/app.py").write_text("a = 3")
    second = packages.pack(build)
    assert second["OneFunction"].name != first["OneFunction"].name
    assert not first["OneFunction"].exists()
    assert second["TwoLayer"].stat().st_mtime_ns == kept.st_mtime_ns


def test_a_file_that_moves_between_names_is_a_change(tmp_path: Path) -> None:
    one, two = built(tmp_path / "a"), built(tmp_path / "b")
    (one / "TwoLayer/python/x.py").write_text("yz")
    (two / "TwoLayer/python/xy.py").write_text("z")
    assert packages.pack(one)["TwoLayer"].name != packages.pack(two)["TwoLayer"].name


def test_what_lambda_would_refuse_is_refused_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = built(tmp_path)
    packages.pack(build)
    monkeypatch.setattr(packages, "LIMIT", 9)
    with pytest.raises(SystemExit, match="Lambda refuses"):
        packages.sizes(build)
