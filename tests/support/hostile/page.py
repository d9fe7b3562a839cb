"""`python -m tests.support.hostile.page`: writes docs/hostile-input.md from what each hostile case really says."""

import pathlib
import re
from typing import Final

from tests.support.hostile.names import GROUPS
from tests.support.hostile.runs import read_case

PAGE: Final = pathlib.Path(__file__).parents[3] / "docs/hostile-input.md"
_SHOWN: Final = 300
_HEAD: Final = """# Hostile input

Annotation files and images come from strangers. This is what each kind of bad input ends in: words that name the file,
the id and what to do, or a way in which it is handled. None of it ends the trainer, keeps it waiting, or writes
outside the run's work folder. The page is written from the cases that the tests run
(`python -m tests.support.hostile.page`); a test fails when it is stale.

Limits: 1 GiB an annotation file, 4 GiB those of a Dataset, 1 GiB its files of YOLO or Pascal VOC together, 10,000,000
entries a list, 8 MiB an entry; 100 MB and 89,478,485 pixels an image, sides of 10 to 16,000 pixels. A million
annotations are read in bounded memory: `python -m bench.data.reading` prints time and peak. Image addresses must be
https on public hosts, or on hosts of the Helm value `allowedEndpoints` (`darkroom run`, whose words are shown here: on
hosts that the manifest names). Link-local addresses and the API server are never reached on a cluster, whatever is
listed, nor is a file of the trainer's machine read there.

These are COCO files, but for the labels of other formats, of which more is in [formats](formats.md). What a server
does with odd planograms and photos of shelves is in the [threat model](threat-model.md).
"""


def build_page() -> str:
    """Return the page: one table for each group of cases."""
    parts = [_HEAD]
    for title, cases in GROUPS.items():
        parts.append(f"\n## {title}\n\n| Input | What the user reads |\n|---|---|\n")
        parts += [f"| {name} | {_describe(name, case.handled)} |\n" for name, case in cases.items()]
    return "".join(parts)


def _describe(name: str, handled: str) -> str:
    _, message = read_case(name)
    shown = message if len(message) <= _SHOWN else message[: _SHOWN - 1] + "…"
    shown = re.sub(r"\s+", " ", shown).replace("|", "\\|").replace("`", "'")
    return f"{handled}: `{shown}`" if handled else f"`{shown}`"


if __name__ == "__main__":
    PAGE.write_text(build_page())
