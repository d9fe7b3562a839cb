"""Which long lines of a page are named, and which may be long."""

import pytest

from hack.tools.check_prose import find_long_lines

WORDS = "word " * 24 + "w"
"""121 characters."""
LINK = f"[a page](pages/{'x' * 120}.md)"
CASES = {
    "as long as may be": (WORDS[1:], []),
    "one character more": (WORDS, [1]),
    "counted in characters": ("ä" * 120, []),
    "in the middle of a page": (f"# Title\n\nA sentence.\n{WORDS}\n", [4]),
    "a table": (f"| a | b |\n|---|---|\n| {WORDS} | |\n", []),
    "prose after a table": (f"| a |\n|---|\n\n{WORDS}\n", [4]),
    "a fenced block": (f"```\n{WORDS}\n```\n{WORDS}\n", [4]),
    "a fenced block of a language, in waves": (f"~~~text\n{WORDS}\n```\n{WORDS}\n~~~\n", []),
    "an indented block": (f"As here:\n\n    {WORDS}\n\n    {WORDS}\n\n{WORDS}\n", [7]),
    "an item's second line": (f"- an item\n    {WORDS}\n", [2]),
    "one link": (LINK, []),
    "an item that is one link": (f"- {LINK}\n1. {LINK}.\n", []),
    "a picture": ("!" + LINK, []),
    "an address": (f"<https://example.com/{'x' * 120}>\n[1]: https://example.com/{'x' * 120}\n", []),
    "a link and words": (f"See {LINK} for more.", [1]),
}


@pytest.mark.parametrize(("text", "numbers"), CASES.values(), ids=CASES)
def test_a_long_line_of_prose_is_named(text: str, numbers: list[int]) -> None:
    found = find_long_lines("docs/a.md", text)
    assert [line.split(":")[1] for line in found] == [str(number) for number in numbers]
    assert all(line.startswith("docs/a.md:") and line.endswith("wrap it between words") for line in found)
