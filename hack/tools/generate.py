"""`python -m hack.tools.generate [--check]`: write every generated file, or say which ones are stale.

Owns the list of generated files. `--check` builds them in memory and never touches the tree.
"""

import argparse
import pathlib
import sys
from typing import Final

import yaml

from darkroom_api.crd import GENERATED_NOTE, KINDS, build_crd
from hack.tools.chart import build_chart_files
from hack.tools.licences import build_licences
from hack.tools.openapi import build_openapi
from hack.tools.reference import build_reference_files

ROOT: Final = pathlib.Path(__file__).resolve().parents[2]


def build_files(root: pathlib.Path = ROOT) -> dict[pathlib.Path, str]:
    """Return the text of every generated file by its path from the repository's root."""
    chart = pathlib.Path("helm/darkroom")
    files = {
        pathlib.Path("crds") / f"{kind.plural}.yaml": GENERATED_NOTE
        + yaml.safe_dump(build_crd(kind), sort_keys=False, width=120)
        for kind in KINDS
    }
    files |= {
        chart / path: text for path, text in build_chart_files((root / chart / "values.yaml").read_text()).items()
    }
    files |= {pathlib.Path("docs/reference") / path: text for path, text in build_reference_files().items()}
    files[pathlib.Path("docs/reference/openapi.yaml")] = build_openapi()
    files[pathlib.Path("docs/licences.md")] = build_licences(root)
    return files


def find_stale(root: pathlib.Path = ROOT) -> list[pathlib.Path]:
    """Return the generated files that differ from what is in the tree."""
    return [path for path, text in build_files(root).items() if _read(root / path) != text]


def _read(path: pathlib.Path) -> str | None:
    return path.read_text() if path.exists() else None


def main(arguments: list[str] | None = None) -> int:
    """Write or check; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hack.tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    check: bool = parser.parse_args(arguments).check
    stale = find_stale()
    for path in stale:
        print(f"{'stale' if check else 'wrote'}: {path}")
        if not check:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(build_files()[path])
    if check and stale:
        print("run `make generate` and commit the result")
        return 1
    print(f"{len(build_files())} generated files are fresh")
    return 0


if __name__ == "__main__":
    sys.exit(main())
