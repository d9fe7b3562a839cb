"""The base classes of every object in the contract: camelCase in JSON, unknown keys refused, rules checked.

What a user asks for is read strictly. What another version of Darkroom may have written is a `Record`, whose unknown
keys and words are forgiven. Owns how a cross-field rule is written once and holds twice: as CEL in the CRD and as
Python here. Must not know any particular kind.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
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


class Record(Object):
    """What one program of Darkroom wrote for another, which may be of another version: unknown keys are passed over."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class Word(StrEnum):
    """One of the words that a record may hold; a word that only another version knows reads as `UNKNOWN`."""

    @classmethod
    def _missing_(cls, value: object) -> "Word | None":
        return cls.__members__.get("UNKNOWN") if isinstance(value, str) else None


RecordT = TypeVar("RecordT", bound=Record)
_MOST_MENDINGS: Final = 10
"""As often a record is mended: each time what is wrong moves up at least one level, and none is as deep."""


def read_record(model: type[RecordT], raw: Any) -> RecordT | None:
    """Return what can be read of a record: a field that this version cannot read counts as absent.

    None where something is absent without which the record says nothing. What is too long is cut.
    """
    for _ in range(_MOST_MENDINGS):
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
        faults = [_Fault.find(problem) for problem in problems]
        if not isinstance(raw, dict) or any(not fault.path for fault in faults):
            return None
        raw = _mend(raw, faults)
    return None


@dataclass(frozen=True)
class _Fault:
    """Something in a record that cannot be read."""

    path: tuple[int | str, ...]
    longest: int | None = None
    """To how many characters or entries it is to be cut; None where it is dropped."""

    @classmethod
    def find(cls, problem: Any) -> "_Fault":
        """Return where the fault lies: whatever lacks a field that it must have is dropped itself."""
        path = tuple(problem["loc"])
        if problem["type"] in ("string_too_long", "too_long"):
            return cls(path, problem["ctx"]["max_length"])
        return cls(path[:-1] if problem["type"] == "missing" else path)


def _mend(value: Any, faults: list[_Fault]) -> Any:
    """Return `value` without its faults; each has a path into it."""
    by_part: dict[int | str, list[_Fault]] = {}
    for fault in faults:
        by_part.setdefault(fault.path[0], []).append(_Fault(fault.path[1:], fault.longest))
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    kept = [(part, _mend_part(inner, by_part.get(part, []))) for part, inner in parts]
    kept = [(part, inner) for part, inner in kept if inner is not _DROPPED]
    return dict(kept) if isinstance(value, dict) else [inner for _, inner in kept]


_DROPPED: Final = object()


def _mend_part(inner: Any, faults: list[_Fault]) -> Any:
    if not faults:
        return inner
    here = [fault for fault in faults if not fault.path]
    if not here and isinstance(inner, dict | list) and _leads_on(inner, faults):
        return _mend(inner, faults)
    cut = here[0].longest if here else None
    if cut is None or not isinstance(inner, str | list):
        return _DROPPED
    return inner[:cut] if isinstance(inner, str) else inner[-cut:]


def _leads_on(inner: dict[Any, Any] | list[Any], faults: list[_Fault]) -> bool:
    """Return whether each fault's path names a part of `inner`; the one of a key's own fault does not."""
    known = inner if isinstance(inner, dict) else range(len(inner))
    return all(fault.path[0] in known for fault in faults)


Whole = Annotated[int, Field(ge=-(2**63), lt=2**63), WithJsonSchema({"type": "integer"})]
"""A whole number that the API server takes."""
Count = Annotated[int, Field(ge=0, lt=2**63), WithJsonSchema({"type": "integer", "minimum": 0})]
"""How many there are of something."""
Amount = Annotated[float, Field(ge=-1e18, le=1e18), WithJsonSchema({"type": "number"})]
"""A number with which can be reckoned."""

_FIRST_YEAR, _LAST_YEAR = 1970, 9000


def _to_utc_seconds(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError("must be a moment of this age")
    return moment.astimezone(UTC).replace(microsecond=0)


def _check_stamp(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("must name its time zone")
    _to_utc_seconds(moment)
    return text


Timestamp = Annotated[
    datetime,
    AfterValidator(_to_utc_seconds),
    PlainSerializer(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"), return_type=str, when_used="json"),
]
"""A UTC moment in whole seconds, RFC 3339 in JSON, as Kubernetes writes it."""

Stamp = Annotated[str, Field(max_length=32), AfterValidator(_check_stamp)]
"""A moment as the kubelet wrote it."""
