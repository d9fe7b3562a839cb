"""`python -m hack.tools.check_prose`: how long a line of prose in the documentation may be, and where its links lead.

Looks at tracked files only. Tables, code blocks and lines that are one link cannot be wrapped, and may be longer.
"""

import pathlib
import re
import subprocess
import sys
from typing import Final

from hack.tools.links import find_broken_links

MAX_CHARACTERS: Final = 120
PAGES: Final = (":(glob)*.md", ":(glob)docs/**/*.md", ":(glob)hack/**/*.md", ":(glob)bench/**/*.md")
_FENCE: Final = re.compile(r" {0,3}(```+|~~~+)")
_ITEM: Final = r"\s*(?:(?:[-*+]|\d+\.)\s+)?"
_LINK: Final = r"(?:!?\[[^\]]*\]\(\S+\)|\[[^\]]+\]:\s+\S+|<?https?://\S+>?)"
_ONE_LINK: Final = re.compile(f"{_ITEM}{_LINK}[.,;:]?")


def find_long_lines(name: str, text: str) -> list[str]:
    """Return every line of prose that is too long, by page and number."""
    return [
        f"{name}:{number}: {len(line)} characters, at most {MAX_CHARACTERS}: wrap it between words"
        for number, line in find_prose(text).items()
        if len(line) > MAX_CHARACTERS and _ONE_LINK.fullmatch(line) is None
    ]


def find_prose(text: str) -> dict[int, str]:
    """Return the lines that are neither code nor of a table, by their numbers."""
    found: dict[int, str] = {}
    fence, was_code, was_blank = "", False, True
    for number, line in enumerate(text.splitlines(), start=1):
        opened = _FENCE.match(line)
        if fence:
            fence = "" if opened is not None and opened[1].startswith(fence) else fence
            continue
        fence = opened[1] if opened is not None else ""
        is_blank = not line.strip()
        was_code = (was_code or was_blank) and (line.startswith(("    ", "\t")) or (is_blank and was_code))
        was_blank = is_blank
        if not (fence or was_code or line.lstrip().startswith("|")):
            found[number] = line
    return found


def main() -> int:
    """Check the tracked pages; returns the exit code."""
    pages = {name: pathlib.Path(name).read_text() for name in _list_tracked(*PAGES)}
    problems = [problem for name, text in pages.items() for problem in find_long_lines(name, text)]
    problems += find_broken_links(pages, _list_tracked())
    print(
        "\n".join(problems) or f"prose: {len(pages)} pages, lines of at most {MAX_CHARACTERS} characters, no dead link"
    )
    return 1 if problems else 0


def _list_tracked(*patterns: str) -> list[str]:
    command = ["git", "ls-files", "--", *patterns]
    tracked = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in tracked if pathlib.Path(name).exists()]


if __name__ == "__main__":
    sys.exit(main())
