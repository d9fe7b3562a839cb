"""Links from one page of the documentation to another, or to a file or heading: which lead nowhere.

Pure: reads the texts of pages by their paths from the repository's root. Must not follow addresses.
"""

import pathlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Final

_CODE: Final = re.compile(r"^ {0,3}(```+|~~~+).*?^ {0,3}\1[^\n]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#+\s+(.*?)\s*$", re.MULTILINE)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")


def find_broken_links(pages: Mapping[str, str], files: Iterable[str]) -> list[str]:
    """Return every link of `pages` whose file is not among `files`, or whose heading is not in that page."""
    present = {str(parent) for file in files for parent in (file, *pathlib.PurePosixPath(file).parents)}
    anchors = {page: list_anchors(text) for page, text in pages.items()}
    problems = []
    for page, text in pages.items():
        for target in _LINK.findall(_CODE.sub("", text)):
            path, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", path):
                continue
            file = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
            if file not in present:
                problems.append(f"{page}: the link {target} leads to no file: give the file's present path")
            elif anchor and file in anchors and anchor not in anchors[file]:
                problems.append(f"{page}: the link {target} names no heading of {file}: use one that is there")
    return problems


def list_anchors(text: str) -> set[str]:
    """Return the names by which a page's headings are linked to."""
    without_fences = re.sub(r"^ {0,3}(```+|~~~+).*?^ {0,3}\1[^\n]*$", "", text, flags=re.MULTILINE | re.DOTALL)
    return {name_anchor(heading) for heading in _HEADING.findall(without_fences)}


def name_anchor(heading: str) -> str:
    """Return a heading's anchor: lower case, without punctuation, blanks as hyphens."""
    shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")
