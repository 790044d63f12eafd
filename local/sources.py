"""`make sources`: what lists of search engines, social networks and AI assistants have that sources.txt does not.

Reads the YAML files that Matomo keeps (github.com/matomo-org/searchengine-and-social-list), and prints what is missing in
the form of our list, for a person to choose from: most of what is in them is long gone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ginnel import sources

_FILES = {"SearchEngines.yml": "search", "Socials.yml": "social", "AIAssistants.yml": "ai"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="sources")
    parser.add_argument("folder", type=Path, help="where the YAML files are")
    folder = parser.parse_args().folder
    for file, channel in _FILES.items():
        try:
            listed = yaml.safe_load((folder / file).read_text(encoding="utf-8"))
        except OSError as error:
            raise SystemExit(f"{folder} has no {file}: {error}") from None
        for line in missing(listed, channel):
            print(line)


def missing(listed: dict[str, list[Any]], channel: str) -> Iterator[str]:
    """Give a line of our list for each name, with those of its hosts that are called otherwise, or not at all, by ours."""
    for name, entries in sorted(listed.items()):
        hosts = dict.fromkeys(host for entry in entries for host in _hosts(entry))
        unknown = [host for host in hosts if sources.find(host.replace("*", "de"), None).channel != channel]
        if unknown:
            yield f"{channel} | {name} | {' '.join(unknown)}"


def _hosts(entry: Any) -> Iterator[str]:  # noqa: ANN401  # a host, or what search engines have: urls among others
    for place in entry["urls"] if isinstance(entry, dict) else [entry]:
        if "/" not in place:  # a part of a site is not told from the rest by us
            # A star stands for endings only: what begins with one is covered by what is behind it.
            yield place.replace("{}", "*").removeprefix("www.").removeprefix("*.")


if __name__ == "__main__":
    main()
