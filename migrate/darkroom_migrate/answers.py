"""What Custom Vision's training API answers, as far as a migration needs it.

Owns fields and their types. Must not do: I/O, or quote a value, which may be a signed address.
"""

import json
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from darkroom_migrate.errors import MigrationError

Parsed = TypeVar("Parsed")
Identifier = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z-]{0,63}$")]
"""Ids become names of files and parts of addresses: nothing that means something there."""


class Served(BaseModel):
    """An object of the service: camelCase, with more fields than are read."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class Settings(Served):
    """Of a project: `classification_type` is null for detection."""

    domain_id: Identifier
    classification_type: str | None = None


class Project(Served):
    """A project of images and tags."""

    id: Identifier
    name: str
    settings: Settings


class Domain(Served):
    """What a project is trained for: `type` is Classification or ObjectDetection."""

    type: str


class Tag(Served):
    """A tag of a project; one of type Negative says that no other is in the image."""

    id: str
    name: str
    type: str | None = None


class ImageTag(Served):
    """A tag that an image carries."""

    tag_id: str


class ImageRegion(Served):
    """A box with its tag; the four numbers are shares of the image's sides, and are not believed."""

    region_id: str | None = None
    tag_id: str
    left: Any = None
    top: Any = None
    width: Any = None
    height: Any = None


class ServedImage(Served):
    """An image. `original_image_uri` is signed and expires: it is neither kept nor shown."""

    id: Identifier
    created: str | None = None
    width: Any = None
    height: Any = None
    original_image_uri: str
    tags: list[ImageTag] | None = None
    regions: list[ImageRegion] | None = None


class Iteration(Served):
    """A training of a project."""

    id: Identifier
    name: str
    status: str | None = None
    trained_at: str | None = None


class TagScores(Served):
    """What an iteration scored on one tag."""

    name: str
    precision: float | None = None
    recall: float | None = None
    average_precision: float | None = None


class Scores(Served):
    """What an iteration scored."""

    precision: float | None = None
    recall: float | None = None
    average_precision: float | None = None
    per_tag_performance: list[TagScores] | None = None


class Refusal(Served):
    """An error of the service; its gateway puts code and message into a field `error`."""

    code: str | None = None
    message: str | None = None
    error: "Refusal | None" = None


def read_answer(adapter: TypeAdapter[Parsed], body: bytes, what: str) -> Parsed:
    """Return what an answer holds; MigrationError about `what` where it is something else."""
    try:
        return adapter.validate_python(json.loads(body))
    except ValidationError as error:
        raise MigrationError(f"{what}: the answer is not what Custom Vision answers: {explain(error)}") from error
    except (ValueError, RecursionError) as error:
        raise MigrationError(f"{what}: the answer is not JSON; check --endpoint") from error


def explain(error: ValidationError) -> str:
    """Return which field is wrong and how, without its value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the answer'}: {first['msg']}"
