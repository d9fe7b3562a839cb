"""Values that nobody expects, and how they get into an object: what the fuzzers of the operator share."""

import copy
from typing import Any

from hypothesis import strategies as st

from darkroom_api import names

Json = dict[str, Any]
UID = "uid-fruit"
JOB_NAME = names.child_name("fruit", UID, 1)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
HOSTILE: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "\u00b2", "\ud800", "9" * 5000, "-1", "True", "Failed", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
     "2026-06-01", 1717243200, 2**63, -(2**63), 10**400, 1e308, -0.0, [], {}, [[]], [{}], {"": None}, True, "x" * 5000,
     "NaN", "Infinity", "Succeeded", "Training", "Unheard", "::1", "[", "300.1.1.1", UID, JOB_NAME]
).map(copy.deepcopy)  # fmt: skip
"""Copies: a value that is spoiled in its turn must not be another one in the next example."""
VALUES: st.SearchStrategy[Any] = ANYTHING | HOSTILE


def find_paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every field of an object."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, inner in parts for path in ((*at, key), *find_paths(inner, (*at, key)))]


def spoil(raw: Json, path: tuple[Any, ...], value: Any, drop: bool) -> None:
    """Put a value into a field, or take the field away."""
    inner: Any = raw
    for part in path[:-1]:
        inner = inner[part]
    if drop:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
