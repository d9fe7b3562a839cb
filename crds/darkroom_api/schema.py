"""The base classes of every object in the contract: camelCase in JSON, unknown keys refused, rules checked.

Owns how a cross-field rule is written once and holds twice: as CEL in the CRD and as Python here.
Must not know any particular kind.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, model_validator
from pydantic.alias_generators import to_camel


class Object(BaseModel):
    """An object of the contract, immutable, camelCase in JSON, refusing unknown keys and numbers that JSON lacks."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, allow_inf_nan=False
    )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: camelCase keys, absent values left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


@dataclass(frozen=True)
class Rule:
    """A cross-field rule: `cel` is checked by the API server, `holds` by Python, on the same cases in a test."""

    cel: str
    message: str
    holds: Callable[[Any], bool]


class Spec(Object):
    """A user's wish. Subclasses list their rules and the fields that stay as they were created."""

    rules: ClassVar[tuple[Rule, ...]] = ()
    immutable: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        for rule in self.rules:
            if not rule.holds(self):
                raise ValueError(rule.message)
        return self


def _to_utc_seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


Timestamp = Annotated[
    datetime,
    AfterValidator(_to_utc_seconds),
    PlainSerializer(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"), return_type=str, when_used="json"),
]
"""A UTC moment in whole seconds, RFC 3339 in JSON, as Kubernetes writes it."""
