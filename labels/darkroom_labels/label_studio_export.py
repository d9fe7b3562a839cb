"""Label Studio's own JSON export, read as labels.

The last annotation of a task that was not cancelled counts; a prediction alone never does. Its COCO export is not
this: it leaves out what the images are. Must not do: I/O.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

from darkroom_labels import boxes
from darkroom_labels.coco_labels import Label, LabelledImage, Review
from darkroom_labels.errors import LabelsUnusable
from darkroom_labels.label_studio import ADDRESS_FIELDS, ADDRESSES_KEY, CATEGORIES_KEY
from darkroom_labels.picture_names import find_base_name
from darkroom_labels.readings import ReadImage, Reading, list_some

_OTHER_IMAGE_KEYS: Final = ("image", "img", "url", "photo", "picture", "file")
"""Of `data`, where nothing else tells which one is the image."""
_MAX_SHOWN: Final = 120

Task = dict[str, Any]


def read_export(tasks: list[Any], name: str) -> Reading:
    """Return what an export says; `name` stands for it in messages. Raises LabelsUnusable."""
    wrong = next((at for at, task in enumerate(tasks) if not isinstance(task, dict) or "data" not in task), None)
    if wrong is not None:
        raise LabelsUnusable(
            f"{name} [{wrong}]: it is no task of Label Studio's JSON export; export with the format JSON, not JSON-MIN"
        )
    return _ExportReader(name).read(tasks)


class _ExportReader:
    """One export; collects what it leaves out."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._left_out: dict[str, list[str]] = defaultdict(list)
        self._tags: dict[str, None] = {}

    def read(self, tasks: list[Task]) -> Reading:
        images = [image for at, task in enumerate(tasks) if (image := self._read_task(task, at)) is not None]
        notes = tuple(
            f"{self._name}: {len(places):,} {note}: {list_some(sorted(places))}"
            for note, places in sorted(self._left_out.items())
        )
        return Reading(self._name, tuple(self._tags), tuple(images), notes)

    def _read_task(self, task: Task, at: int) -> ReadImage | None:
        data = task["data"] if isinstance(task["data"], dict) else {}
        own = _read_own(data)
        shown_at = _find_image(data)
        if not own and shown_at is None:
            raise LabelsUnusable(f"{self._name} [{at}]: its data names no image")
        place = f"task {task.get('id', at)} ({_shorten(own.get('file_name') or shown_at or own.get('absolute_url'))})"
        if isinstance(categories := data.get(CATEGORIES_KEY), dict):
            self._tags.update(dict.fromkeys(categories))
        addresses = own or {"coco_url": shown_at}
        annotations = self._list_objects(task, "annotations", place)
        finished = [item for item in annotations if not item.get("was_cancelled")]
        if not finished:
            why = (
                "skipped tasks are not taken"
                if annotations
                else "tasks nobody has labelled (predictions are no labels)"
            )
            self._left_out[why].append(place)
            return ReadImage(place, LabelledImage(**addresses, review=Review.PENDING), is_own=bool(own))
        last = max(enumerate(finished), key=_find_time)[1]
        result = self._list_objects(last, "result", place)
        if any(item.get("image_rotation") for item in result):
            self._left_out[
                "tasks whose picture was turned on the page are not taken; turn it back, submit again"
            ].append(place)
            return ReadImage(place, LabelledImage(**addresses, review=Review.PENDING), is_own=bool(own))
        labels = tuple(label for item in result for label in self._read_item(item, place))
        if "width" not in addresses and (sides := _find_sides(result)) is not None:
            addresses = {**addresses, **dict(zip(("width", "height"), sides, strict=True))}
        self._tags.update(dict.fromkeys(label.tag for label in labels))
        image = LabelledImage(**addresses, labels=labels, review=Review.ACCEPTED)
        return ReadImage(place, image, is_own=bool(own))

    def _list_objects(self, holder: dict[str, Any], key: str, place: str) -> list[dict[str, Any]]:
        found = holder.get(key) or []
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise LabelsUnusable(f"{self._name} {place}: {key} is not a list of objects")
        return found

    def _list_tags(self, value: dict[str, Any], key: str, place: str) -> list[str]:
        found = value.get(key) or []
        if not isinstance(found, list) or not all(isinstance(tag, str) and tag.strip() for tag in found):
            raise LabelsUnusable(f"{self._name} {place}: {key} is not a list of tags")
        return found

    def _read_item(self, item: dict[str, Any], place: str) -> Iterator[Label]:
        value = item["value"] if isinstance(item.get("value"), dict) else {}
        match item.get("type"):
            case "choices":
                yield from (Label(tag) for tag in self._list_tags(value, "choices", place))
            case "rectanglelabels":
                yield from self._read_rectangle(item, value, place)
            case other:
                self._left_out[f"items of type {str(other)[:40]!r} are not taken"].append(place)

    def _read_rectangle(self, item: dict[str, Any], value: dict[str, Any], place: str) -> Iterator[Label]:
        """Yield a box for each of its tags."""
        percent = boxes.read_numbers([value.get(key) for key in ("x", "y", "width", "height")])
        if percent is None:
            raise LabelsUnusable(f"{self._name} {place}: a box has no x, y, width and height")
        degrees = value.get("rotation") or 0
        box = boxes.scale(percent, 100, 100)
        if not isinstance(degrees, int | float) or not -1e6 < degrees < 1e6:
            raise LabelsUnusable(f"{self._name} {place}: rotation of a box must be a number of degrees")
        if degrees % 360:
            sides = _find_sides([item])
            if sides is None:
                raise LabelsUnusable(f"{self._name} {place}: a turned box has no original_width and original_height")
            self._left_out["turned boxes: the upright boxes around them are taken"].append(place)
            in_pixels = boxes.scale(box, 1 / sides[0], 1 / sides[1])
            box = boxes.scale(boxes.turn_about_corner(in_pixels, degrees), *sides)
        kept = boxes.cut(box)
        tags = self._list_tags(value, "rectanglelabels", place)
        if kept is None:
            self._left_out["boxes without an area inside the image are left out"].append(place)
        elif not tags:
            self._left_out["boxes without a tag are left out"].append(place)
        else:
            yield from (Label(tag, kept) for tag in tags)


def _find_time(item: tuple[int, dict[str, Any]]) -> tuple[str, int, int]:
    """Return what tells which of several annotations is the last one: its time, else its id, else its place."""
    at, annotation = item
    number = annotation.get("id")
    time = annotation.get("updated_at") or annotation.get("created_at") or ""
    return str(time), number if isinstance(number, int) else 0, at


def _read_own(data: dict[str, Any]) -> dict[str, Any]:
    """Return what a task of Darkroom's carries of its image; empty where it is none."""
    written = data.get(ADDRESSES_KEY)
    if not isinstance(written, dict):
        return {}
    own = {key: written.get(key) for key in ADDRESS_FIELDS if _is_usable(key, written.get(key))}
    return own if any(isinstance(value, str) for value in own.values()) else {}


def _is_usable(key: str, value: object) -> bool:
    if key in ("width", "height"):
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9
    return isinstance(value, str) and bool(value)


def _find_image(data: dict[str, Any]) -> str | None:
    """Return the address of the image: of a usual key, else the only text with the ending of a file."""
    texts = {key: value for key, value in data.items() if isinstance(value, str) and value}
    usual = next((texts[key] for key in _OTHER_IMAGE_KEYS if key in texts), None)
    files = [text for text in texts.values() if "." in find_base_name(text)]
    return usual or (files[0] if len(files) == 1 else None)


def _find_sides(result: list[dict[str, Any]]) -> tuple[float, float] | None:
    """Return width and height of the picture, which each item repeats."""
    sides = Counter((item.get("original_width"), item.get("original_height")) for item in result if _has_sides(item))
    if not sides:
        return None
    width, height = sides.most_common(1)[0][0]
    return float(width), float(height)  # type: ignore[arg-type]


def _has_sides(item: dict[str, Any]) -> bool:
    return all(_is_usable("width", item.get(key)) for key in ("original_width", "original_height"))


def _shorten(text: object) -> str:
    return str(text).split("?d=", 1)[-1][:_MAX_SHOWN]
