"""`values.yaml` read with its comments: the source of the chart's README and of its JSON schema.

Owns the two notes of a value, `# --` (a sentence) and `# @schema` (a YAML mapping, whose further lines are indented by
two more spaces). The first entry of a list of
mappings documents all of them. Must not write files.
"""

from dataclasses import dataclass
from typing import Any, Final

import yaml

Schema = dict[str, Any]

_SENTENCE: Final = "# -- "
_NOTE: Final = "# @schema "
_CONTINUED: Final = "#   "
_QUANTITY: Final = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"
_TYPES: Final[dict[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


@dataclass(frozen=True)
class Value:
    """One value of the chart: its dotted key, default, sentence and schema note."""

    key: str
    default: Any
    sentence: str
    note: Schema
    children: tuple["Value", ...] = ()

    @property
    def name(self) -> str:
        """Return the last part of the key."""
        return self.key.rpartition(".")[2]


def read_values(text: str) -> tuple[Value, ...]:
    """Return the values in `text` in their order; raises ValueError for a note that is no mapping."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise ValueError("values.yaml: expected a mapping at the top")
    return _read_mapping(root, text.splitlines(), "")


def _read_mapping(node: yaml.MappingNode, lines: list[str], prefix: str) -> tuple[Value, ...]:
    return tuple(_read_value(key, value, lines, prefix) for key, value in node.value)


def _read_value(key: yaml.Node, node: yaml.Node, lines: list[str], prefix: str) -> Value:
    path = f"{prefix}{key.value}"
    sentence, note = _read_comment(lines, key.start_mark.line, path)
    children: tuple[Value, ...] = ()
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        children = _read_mapping(node, lines, f"{path}.")
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and isinstance(node.value[0], yaml.MappingNode):
        children = _read_mapping(node.value[0], lines, f"{path}[].")
    source = yaml.serialize(node, Dumper=yaml.SafeDumper)
    return Value(path, yaml.safe_load(source), sentence, note, children)


def _read_comment(lines: list[str], line: int, path: str) -> tuple[str, Schema]:
    """Return what the comment block just above `line` says."""
    start = line
    while start and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    sentence: list[str] = []
    note: list[str] = []
    for comment in (text.strip() for text in lines[start:line]):
        if comment.startswith(_NOTE):
            note = [comment.removeprefix(_NOTE)]
        elif note and comment.startswith(_CONTINUED):
            note.append(comment.removeprefix(_CONTINUED))
        elif comment.startswith(_SENTENCE):
            sentence = [comment.removeprefix(_SENTENCE)]
        elif sentence:
            sentence.append(comment.removeprefix("# "))
    return " ".join(sentence), _read_note(" ".join(note), path)


def _read_note(text: str, path: str) -> Schema:
    note = yaml.safe_load(text) if text else {}
    if not isinstance(note, dict):
        raise ValueError(f"{path}: @schema must be a mapping, such as {{minimum: 1}}")
    return note


def build_schema(values: tuple[Value, ...]) -> Schema:
    """Return the JSON schema of the whole file; unknown keys are refused, so that a typing error is seen."""
    schema = _build_object(values)
    schema["properties"]["global"] = {"type": "object", "description": "Set by Helm where the chart is a dependency."}
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of the darkroom chart", **schema}


def _build_object(values: tuple[Value, ...]) -> Schema:
    return {
        "type": "object",
        "properties": {value.name: _build_value(value) for value in values},
        "additionalProperties": False,
    }


def _build_value(value: Value) -> Schema:
    note = dict(value.note)
    schema: Schema = {"description": value.sentence} if value.sentence else {}
    entry = note.pop("entries", None)
    if entry is not None:
        child = next(child for child in value.children if child.name == entry)
        # Helm drops an entry that is set to null only after it has checked the schema.
        entries = {**_build_object(child.children), "type": ["object", "null"]}
        return {**schema, "type": "object", "additionalProperties": entries, **note}
    if note.get("format") == "quantity":
        note = {**note, "pattern": _QUANTITY}
        note.pop("format")
    if value.children and isinstance(value.default, list):
        return {**schema, "type": "array", **note, "items": {**_build_object(value.children), **note["items"]}}
    if value.children and "additionalProperties" not in note:
        return {**schema, **_build_object(value.children), **note}
    if "type" not in note:
        schema["type"] = _TYPES[type(value.default)]
    return {**schema, **note}


def find_leaves(values: tuple[Value, ...]) -> list[Value]:
    """Return the documented values; of a map of alike entries only the entry that documents them."""
    leaves: list[Value] = []
    for value in values:
        if value.sentence or not value.children:
            leaves.append(value)
        entry = value.note.get("entries")
        children = value.children if entry is None else tuple(c for c in value.children if c.name == entry)
        if "additionalProperties" not in value.note:
            leaves += find_leaves(children)
    return leaves
