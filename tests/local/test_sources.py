"""`make sources` tells what other lists have and ours does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

LISTS = {
    "SearchEngines.yml": """
Google:
  - urls: [google.com, "google.{}", www.google.de]
    params: [q]
Finder:
  - urls: ["{}.finder.example", finder.example]
    params: [q]
  - urls: ["find.{}"]
    params: ["/x/"]
""",
    "Socials.yml": "Facebook:\n  - facebook.com\n  - fb.me\nGathering:\n  - gather.example\n",
    "AIAssistants.yml": "ChatGPT:\n  - chatgpt.com\nGrok:\n  - grok.com\n  - x.com/i/grok\nTalker:\n  - talker.example\n",
}


def say(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.sources", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_it_lists_what_is_missing_in_our_own_form(tmp_path: Path) -> None:
    for name, text in LISTS.items():
        (tmp_path / name).write_text(text)
    assert say(tmp_path).stdout.splitlines() == [
        "search | Finder | finder.example find.*",
        "social | Gathering | gather.example",
        "ai | Talker | talker.example",
    ]


def test_it_says_which_file_it_lacks(tmp_path: Path) -> None:
    answer = say(tmp_path)
    assert answer.returncode == 1
    assert "SearchEngines.yml" in answer.stderr
