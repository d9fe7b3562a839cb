"""A document read in windows says the same as one that is read whole, and what is wrong with it is told by place."""

import json
from typing import Any, Final

import pytest

from darkroom_trainer.data.coco import json_stream
from darkroom_trainer.data.coco.json_stream import JsonProblem, TopLevel, read_document

DOCUMENT: Final[dict[str, Any]] = {
    "info": {"year": 2026, "by": "a } and ] in a text \u00fc\U0001f34e"},
    "images": [{"id": number, "name": f"\u00e4 {number}"} for number in range(40)],
    "bbox_format": "relative",
    "empty": [],
    "annotations": [[1, [2, {"three": -4.5e-6}]], None, True, 123456789012345678901234567890, '\\"', {}],
}


def read(text: bytes, window_bytes: int = 1 << 20, *kept: str) -> tuple[dict[str, list[Any]], TopLevel]:
    found: dict[str, list[Any]] = {}
    top = read_document(
        text, lambda key, batch: found.setdefault(key, []).extend(batch), window_bytes, kept_keys=frozenset(kept)
    )
    return found, top


@pytest.mark.parametrize("window_bytes", [150, 157, 200, 1000, 1 << 20])
@pytest.mark.parametrize("options", [{}, {"indent": 2}, {"ensure_ascii": False}], ids=["plain", "indented", "utf-8"])
def test_a_document_says_the_same_whatever_the_window(window_bytes: int, options: dict[str, Any]) -> None:
    found, top = read(json.dumps(DOCUMENT, **options).encode(), window_bytes, "bbox_format")
    assert found == {key: value for key, value in DOCUMENT.items() if isinstance(value, list) and value}
    assert top == TopLevel(set(DOCUMENT), {"images", "empty", "annotations"}, {"bbox_format": "relative"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
def test_every_encoding_of_json_is_read(encoding: str) -> None:
    assert read(json.dumps(DOCUMENT, ensure_ascii=False).encode(encoding))[0]["images"] == DOCUMENT["images"]


def test_a_list_comes_in_batches_that_the_window_holds() -> None:
    sizes: list[int] = []
    read_document(json.dumps(DOCUMENT).encode(), lambda _, batch: sizes.append(len(batch)), 200)
    assert len(sizes) > 5
    assert 0 < min(sizes) <= max(sizes) <= 10


WRONG: Final = {
    "nothing": (b"", "is not JSON: Expecting value at line 1, column 1"),
    "a list": (b"[1]", "is not a COCO file: the top level must be an object with images, annotations, categories"),
    "a comma too many": (b'{"a": [1,\n 2,]}', "is not JSON: Expecting value at line 2, column 4"),
    "a colon that is missing": (b'{"a" [1]}', "is not JSON: Expecting ':' delimiter at line 1, column 6"),
    "a key without quotes": (
        b'{"b": 1, a: 2}', "is not JSON: Expecting property name enclosed in double quotes at line 1, column 10"
    ),
    "what follows its end": (b'{"a": 1}\n{"a": 2}', "is not JSON: Extra data at line 2, column 1"),
    "a key that occurs twice": (b'{"a": [1], "a": [2]}', 'is not a COCO file: "a" occurs twice at its top level'),
    "bytes that are no text": (b'{"a": "\xff"}', "is not JSON: it is not valid utf-8 text at byte 7; save it as UTF-8"),
    "half a character of UTF-16": (
        b"\xff\xfe{\x00\x00\xd8", "is not JSON: it is not valid utf-16 text at byte 4; save it as UTF-8"
    ),
    "depth without end": (
        b'{"a": ' + b"[" * 200_000, "is not JSON that can be read: its lists and objects are nested too deep"
    ),
    "digits without end": (
        b'{"a": ' + b"9" * 10_000 + b"}", "is not JSON that can be read: it holds a number of thousands of digits"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_a_text_is_told_with_its_place(text: bytes, problem: str) -> None:
    with pytest.raises(JsonProblem) as refused:
        read(text)
    assert str(refused.value) == problem


def test_an_entry_that_no_window_holds_is_refused() -> None:
    text = json.dumps({"images": ["x" * 3_000_000]}).encode()
    with pytest.raises(JsonProblem, match=r"holds an entry of more than 1 MiB from byte \d+ on; remove it"):
        read(text, 1 << 20)


def test_a_list_and_the_top_level_have_a_greatest_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MAX_ENTRIES", 30)
    with pytest.raises(JsonProblem, match='has more than 30 entries in "images"; split it into several files'):
        read(json.dumps(DOCUMENT).encode())
    keys = {f"k{number}": number for number in range(json_stream.MAX_KEYS + 1)}
    with pytest.raises(JsonProblem, match="more than 1,000 keys at its top level"):
        read(json.dumps(keys).encode())
