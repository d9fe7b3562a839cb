"""Values of an annotation file as messages show them. Pure. Must not do: judge them."""

import json
from typing import Final

_MAX_SHOWN: Final = 60
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)


def show_value(value: object) -> str:
    """Return the beginning of a value as it is written in JSON, whatever its size and depth."""
    if value is None:
        return "nothing"
    text = ""
    for part in _ENCODER.iterencode(value):
        text += part[: _MAX_SHOWN + 1]
        if len(text) > _MAX_SHOWN:
            return text[: _MAX_SHOWN - 1] + "…"
    return text
