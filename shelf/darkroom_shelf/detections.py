"""What a model saw on a photo of a shelf: the result of a product recognition run.

Owns how it is read and written. Must not know a planogram.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from darkroom_predict.gaps import is_gap
from darkroom_shelf.errors import ShelfProblem
from darkroom_shelf.fields import Fields

ANY_PRODUCT: Final = "product"
"""The tag of a model that finds products and does not tell them apart."""
MAX_OBJECTS: Final = 20_000
MAX_TAGS: Final = 100


@dataclass(frozen=True)
class Tag:
    """A name, and how sure the model is of it."""

    name: str
    confidence: float | None


@dataclass(frozen=True)
class DetectedObject:
    """A product or a gap in pixels of the photo; its tags are best first."""

    id: str
    x: float
    y: float
    width: float
    height: float
    tags: tuple[Tag, ...]

    @property
    def name(self) -> str:
        """Return what it most probably is."""
        return self.tags[0].name

    @property
    def is_gap(self) -> bool:
        """Return whether nothing is there."""
        return is_gap(self.name)

    def fulfils(self, planned: str) -> bool:
        """Return whether it is what is planned, as far as the model can tell."""
        return self.name in (planned, ANY_PRODUCT)

    def to_json(self) -> dict[str, Any]:
        """Return it as runs have it."""
        sides = {"x": self.x, "y": self.y, "w": self.width, "h": self.height}
        whole = {side: int(value) if value == int(value) else value for side, value in sides.items()}
        confidences = ({} if tag.confidence is None else {"confidence": tag.confidence} for tag in self.tags)
        tags = [{"name": tag.name, **more} for tag, more in zip(self.tags, confidences, strict=True)]
        return {"id": self.id, "boundingBox": whole, "tags": tags}


def read_detections(body: Any) -> tuple[DetectedObject, ...]:
    """Return the products and the gaps of a run's result, or of a whole run; raises ShelfProblem naming the field."""
    fields = Fields(body, "detectedProducts")
    if fields.has("result"):
        fields = fields.read_object("result")
    if not fields.has("products") and not fields.has("gaps"):
        raise ShelfProblem("it has neither products nor gaps; send the result of a run", fields.place)
    found: dict[str, DetectedObject] = {}
    for entry in _list_objects(fields):
        item = _read_object(entry)
        if item.id in found:
            text = f"the id {item.id!r} is given twice, over products and gaps; give each its own"
            raise ShelfProblem(text, entry.name_place("id"))
        found[item.id] = item
    return tuple(found.values())


def _list_objects(fields: Fields) -> Iterator[Fields]:
    count = 0
    for field in ("products", "gaps"):
        listed = fields.read_list(field) if fields.has(field) else ()
        count += len(listed)
        if count > MAX_OBJECTS:
            raise ShelfProblem(f"there are more than {MAX_OBJECTS:,} objects; send a part", fields.name_place(field))
        for number, item in enumerate(listed):
            yield Fields(item, f"{fields.name_place(field)}[{number}]")


def _read_object(entry: Fields) -> DetectedObject:
    name = entry.read_text("id")
    box = entry.read_object("boundingBox")
    x, y = box.read_number("x"), box.read_number("y")
    return DetectedObject(name, x, y, box.read_length("w"), box.read_length("h"), _read_tags(entry))


def _read_tags(entry: Fields) -> tuple[Tag, ...]:
    """Return the tags; older pages call them `classifications`, and their names `label`."""
    field = "classifications" if entry.has("classifications") and not entry.has("tags") else "tags"
    listed = entry.read_list(field)
    if not 1 <= len(listed) <= MAX_TAGS:
        raise ShelfProblem(f"it has {len(listed):,} entries; 1 to {MAX_TAGS} are needed", entry.name_place(field))
    return tuple(_read_tag(Fields(item, f"{entry.name_place(field)}[{at}]")) for at, item in enumerate(listed))


def _read_tag(entry: Fields) -> Tag:
    name = entry.read_text("label" if entry.has("label") and not entry.has("name") else "name")
    return Tag(name, entry.read_number("confidence") if entry.has("confidence") else None)
