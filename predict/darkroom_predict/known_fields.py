"""What this version knows of an object that another one wrote: further fields of a newer one are left out.

Owns that one rule for dataclasses. Must not decide what a field's value means.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any


def keep_known(kind: type[Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of `found` that the dataclass `kind` has a field for."""
    known = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in found.items() if name in known}
