"""What is wrong with one manifest, in the words of an API server. Pure. Must not do: I/O."""

import json
import re
from typing import Any, Final

from darkroom_api.schema import Spec
from darkroom_api.v1alpha1.common import NAME_PATTERN, Kind

_NAME: Final = re.compile(NAME_PATTERN)

Document = dict[str, Any]


def parse_spec(kind: Kind, raw: Document) -> Spec:
    """Return the spec; strict, as an API server is: no number where text belongs, no unknown field."""
    text = json.dumps(raw, default=str)
    return kind.spec.model_validate_json(text, strict=True, by_alias=True, by_name=False)


def check_keys(document: Document) -> list[str]:
    """Return what stands beside the fields that every resource has."""
    known = {"apiVersion", "kind", "metadata", "spec", "status"}
    return [f'unknown field "{key}"' for key in document if key not in known]


def check_metadata(metadata: Any) -> list[str]:
    """Return what is wrong with name and namespace."""
    if not isinstance(metadata, dict):
        return [f"metadata: Invalid value: {json.dumps(metadata, default=str)}: must be an object"]
    found = []
    name = metadata.get("name")
    if name is None:
        found.append("metadata.name: Required value")
    elif not isinstance(name, str) or len(name) > 253 or not _NAME.match(name):
        rule = "lower case letters, digits, - and ., at most 253, beginning and ending with a letter or digit"
        found.append(f"metadata.name: Invalid value: {json.dumps(name, default=str)}: must be {rule}")
    namespace = metadata.get("namespace")
    if namespace is not None and (not isinstance(namespace, str) or not _NAME.match(namespace)):
        found.append(f"metadata.namespace: Invalid value: {json.dumps(namespace, default=str)}: must be a name")
    return found


def explain(error: Any) -> str:
    """Return one of pydantic's errors as the API server would say it."""
    path = "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"])
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f'unknown field "{path}"'
    if kind == "missing":
        return f"{path}: Required value"
    if kind == "value_error":
        return f"{path}: {context.get('error', error['msg'])!s}"
    shown = json.dumps(error["input"], default=str, ensure_ascii=False)
    shown = shown if len(shown) <= 80 else shown[:79] + "…"
    if kind in ("enum", "literal_error"):
        return f"{path}: Unsupported value: {shown}: supported values: {context.get('expected')}"
    return f"{path}: Invalid value: {shown}: {error['msg']}"
