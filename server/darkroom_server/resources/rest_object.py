"""What all REST resources have in common: keys, moments, and how a wrong body is explained.

Must not know any particular resource.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import pydantic
from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from darkroom_server.http.problems import Problem, bad_request


def _lower_key(name: str) -> str:
    return name.replace("_", "")


class RestObject(BaseModel):
    """An object of the interface: read from keys in small letters, as `bodies` gives them, written in camelCase.

    Unknown keys are passed over, as are the read-only ones that clients send back.
    """

    model_config = ConfigDict(
        alias_generator=AliasGenerator(validation_alias=_lower_key, serialization_alias=to_camel),
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
    )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, absent values left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


ObjectT = TypeVar("ObjectT", bound=RestObject)


def read_object(model: type[ObjectT], body: Mapping[str, Any]) -> ObjectT:
    """Return what a body holds; raises the Problem that names its first wrong field and counts the others."""
    try:
        return model.model_validate(body)
    except pydantic.ValidationError as error:
        raise _explain(model, error) from None


def _explain(model: type[RestObject], error: pydantic.ValidationError) -> Problem:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    named = {alias.lower(): alias for alias in _list_aliases(model)}
    told = [(_name_field(problem["loc"], named), _word(problem)) for problem in problems]
    more = f" ({len(told) - 1} more)" if len(told) > 1 else ""
    return bad_request(f"{told[0][0]}: {told[0][1]}{more}", target=told[0][0])


def _word(problem: Any) -> str:
    if problem["type"] == "missing":
        return "is missing; add it"
    return str(problem["msg"]).removeprefix("Value error, ")


def _name_field(place: tuple[int | str, ...], named: Mapping[str, str]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{named.get(part, part)}" for part in place)
    return "".join(parts).removeprefix(".") or "the body"


def _list_aliases(model: type[BaseModel]) -> set[str]:
    schema = model.model_json_schema(mode="serialization")
    parts = [schema, *schema.get("$defs", {}).values()]
    return {name for part in parts for name in part.get("properties", {})}


def format_moment(moment: datetime) -> str:
    """Return a moment as the interface writes it: UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
