"""Pages of the docs that a bench writes its results into, between two comments."""

import pathlib


def replace_marked(path: pathlib.Path, mark: str, text: str) -> None:
    """Put `text` between the comments `<!-- MARK -->` and `<!-- /MARK -->` of a page; SystemExit without them."""
    before, opened, rest = path.read_text().partition(f"<!-- {mark} -->")
    _, closed, after = rest.partition(f"<!-- /{mark} -->")
    if not opened or not closed:
        raise SystemExit(f"{path} has no comments <!-- {mark} --> and <!-- /{mark} -->")
    path.write_text(f"{before}{opened}\n{text}\n{closed}{after}")
