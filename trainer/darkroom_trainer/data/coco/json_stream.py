"""A large JSON document read as batches of the entries of its top-level lists, so that memory holds one window of it.

Owns the walk, its bounds and what is wrong with the text itself. A few bytes of hostile JSON become twenty times as
much memory once they are objects; here that happens to one window at a time. Pure. Must not do: know COCO's fields.
Why no library does this: docs/decisions/0019-own-json-reader.md.
"""

import codecs
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NoReturn

WINDOW_BYTES: Final = 8 << 20
"""Text that is held as objects at a time; an entry that does not fit is refused."""
MAX_ENTRIES: Final = 10_000_000
"""Entries of one list: about what a file of the largest size holds when each entry is a useful one."""
MAX_KEYS: Final = 1000

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_NEXT: Final = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_SLACK: Final = 32
"""A number that ends this near to the end of the window may go on after it."""
_scan: Final = json.JSONDecoder().raw_decode

Batch = list[Any]


class JsonProblem(ValueError):
    """Text that cannot be read; says why and, for a syntax error, where."""


@dataclass
class TopLevel:
    """What stands at the top of a document: its keys, which of them hold a list, and the values that were asked for."""

    keys: set[str]
    lists: set[str]
    values: dict[str, Any]


def read_document(
    text: bytes,
    on_batch: Callable[[str, Batch], None],
    window_bytes: int = WINDOW_BYTES,
    *,
    kept_keys: frozenset[str] = frozenset(),
) -> TopLevel:
    """Read a JSON object and pass the entries of each of its lists to `on_batch`; raises JsonProblem.

    A list may come in several batches, none of them empty. Of other values those of `kept_keys` are kept.
    """
    return _Walk(_to_utf8(text), on_batch, window_bytes, kept_keys).read()


def _to_utf8(text: bytes) -> bytes:
    encoding = json.detect_encoding(text[:4])
    if encoding == "utf-8":
        return text
    if encoding == "utf-8-sig":
        return text.removeprefix(codecs.BOM_UTF8)
    try:
        return text.decode(encoding).encode()
    except UnicodeDecodeError as error:
        raise JsonProblem(_not_text(encoding, error.start)) from error


def _not_text(encoding: str, offset: int) -> str:
    return f"is not JSON: it is not valid {encoding} text at byte {offset}; save it as UTF-8"


class _Walk:
    """One pass over a document; `_window[_at]` is the next character."""

    def __init__(
        self, text: bytes, on_batch: Callable[[str, Batch], None], window_bytes: int, kept_keys: frozenset[str]
    ) -> None:
        self._text = text
        self._on_batch = on_batch
        self._window_bytes = window_bytes
        self._kept_keys = kept_keys
        self._at = 0
        self._show(0, self._find_end(0))

    def read(self) -> TopLevel:
        """Walk the whole document."""
        top = TopLevel(set(), set(), {})
        if self._peek() != "{":
            self._refuse_top()
        self._step()
        closed = self._peek() == "}"
        if closed:
            self._step()
        while not closed:
            self._read_pair(top)
            closed = self._read_separator("}")
        if self._peek():
            self._fail("Extra data", self._at)
        return top

    def _refuse_top(self) -> NoReturn:
        self._read_value()
        raise JsonProblem("is not a COCO file: the top level must be an object with images, annotations, categories")

    def _read_pair(self, top: TopLevel) -> None:
        if self._peek() != '"':
            self._fail("Expecting property name enclosed in double quotes", self._at)
        key = self._read_value()
        if self._peek() != ":":
            self._fail("Expecting ':' delimiter", self._at)
        self._step()
        if key in top.keys:
            raise JsonProblem(f"is not a COCO file: {json.dumps(key)[:60]} occurs twice at its top level")
        top.keys.add(key)
        if len(top.keys) > MAX_KEYS:
            raise JsonProblem(f"is not a COCO file: more than {MAX_KEYS:,} keys at its top level")
        if self._peek() == "[":
            top.lists.add(key)
            self._read_list(key)
            return
        value = self._read_value()
        if key in self._kept_keys:
            top.values[key] = value

    def _read_list(self, key: str) -> None:
        self._step()
        total, closed = 0, self._peek() == "]"
        if closed:
            self._step()
        while not closed:
            batch, closed = self._read_batch()
            total += len(batch)
            if total > MAX_ENTRIES:
                shown = json.dumps(key)[:60]
                raise JsonProblem(f"has more than {MAX_ENTRIES:,} entries in {shown}; split it into several files")
            self._on_batch(key, batch)

    def _read_batch(self) -> tuple[Batch, bool]:
        """Return the entries that the window holds whole, one at least, and whether the list ends with them."""
        batch = self._read_entries()
        return (batch, False) if batch else ([self._read_value()], self._read_separator("]"))

    def _read_entries(self) -> Batch:
        """Return the entries of the window one by one, up to one that is cut off, or wrong, or the list's last."""
        window, at, batch = self._window, self._at, []
        is_last = self._end == len(self._text)
        while True:
            try:
                value, end = _scan(window, at)
            except (ValueError, RecursionError):
                break
            after = _NEXT.match(window, end)
            if after is None or (after.end() == len(window) and not is_last):
                break
            batch.append(value)
            at = after.end()
        self._at = at
        return batch

    def _read_value(self) -> Any:
        """Return the value at hand, moving the window where it ends within it."""
        while True:
            try:
                value, end = _scan(self._window, self._at)
                if self._end == len(self._text) or end + _SLACK < len(self._window):
                    break
                problem, offset = "is cut off", end
            except json.JSONDecodeError as error:
                problem, offset = error.msg, error.pos
            except RecursionError as error:
                raise JsonProblem("is not JSON that can be read: its lists and objects are nested too deep") from error
            except ValueError as error:
                raise JsonProblem("is not JSON that can be read: it holds a number of thousands of digits") from error
            if not self._refill():
                self._fail(problem, offset)
        self._at = end
        return value

    def _read_separator(self, closing: str) -> bool:
        """Step over what follows a value: a comma, or what closes its container (returns True)."""
        found = self._peek()
        if found not in (",", closing):
            self._fail("Expecting ',' delimiter", self._at)
        self._step()
        return found == closing

    def _step(self) -> None:
        """Go on to the next character that is no space."""
        self._at += 1
        self._peek()

    def _peek(self) -> str:
        """Return the next character that is no space, "" at the end."""
        self._at = _skip(self._window, self._at)
        while self._at == len(self._window) and self._refill():
            self._at = _skip(self._window, self._at)
        return self._window[self._at : self._at + 1]

    def _refill(self) -> bool:
        """Let the window begin at the next character; returns whether that brought new text into it."""
        begin = self._begin + len(self._window[: self._at].encode())
        end = self._find_end(begin)
        if end <= self._end:
            return False
        self._show(begin, end)
        return True

    def _show(self, begin: int, end: int) -> None:
        """Make a stretch of the text, in bytes, the window."""
        try:
            window = self._text[begin:end].decode()
        except UnicodeDecodeError as error:
            raise JsonProblem(_not_text("utf-8", begin + error.start)) from error
        self._begin, self._end, self._window, self._at = begin, end, window, 0

    def _find_end(self, begin: int) -> int:
        """Return the end of a window from `begin`, not within a character."""
        end = min(begin + self._window_bytes, len(self._text))
        for _ in range(3):
            if end < len(self._text) and self._text[end] & 0xC0 == 0x80:
                end -= 1
        return end

    def _fail(self, problem: str, offset: int) -> NoReturn:
        """Raise JsonProblem for what is wrong at `offset` of the window."""
        cut = self._end < len(self._text) and (
            offset >= len(self._window) - _SLACK or problem.startswith("Unterminated")
        )
        if cut:
            raise JsonProblem(
                f"holds an entry of more than {self._window_bytes >> 20:,} MiB from byte {self._begin:,} on; remove it"
            )
        before = self._text[: self._begin + len(self._window[:offset].encode())]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        raise JsonProblem(f"is not JSON: {problem} at line {line}, column {column}")


def _skip(window: str, at: int) -> int:
    found = _SPACE.match(window, at)
    assert found is not None, "the pattern matches nothing, too"
    return found.end()
