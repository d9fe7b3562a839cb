"""Files of labels as Darkroom and other tools write them, for the tests of this folder."""

from typing import Any

Entry = dict[str, Any]


def a_coco(
    images: list[Entry], annotations: list[Entry] | None = None, tags: tuple[str, ...] = ("apple", "pear")
) -> Entry:
    """Return a COCO file; images and annotations are numbered from 1 unless they say otherwise."""
    return {
        "images": [{"id": at, "width": 100, "height": 50, **image} for at, image in enumerate(images, 1)],
        "annotations": [{"id": at, "category_id": 1, **entry} for at, entry in enumerate(annotations or [], 1)],
        "categories": [{"id": at, "name": tag} for at, tag in enumerate(tags, 1)],
    }


def a_box(tag: str, x: float = 10, y: float = 20, width: float = 30, height: float = 40, **value: Any) -> Entry:
    """Return an item of Label Studio's result, in percent."""
    return {
        "type": "rectanglelabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": 100,
        "original_height": 50,
        "image_rotation": 0,
        "value": {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [tag], **value},
    }


def a_choice(*tags: str) -> Entry:
    """Return an item of Label Studio's result that tags the whole image."""
    return {"type": "choices", "from_name": "c", "to_name": "image", "value": {"choices": list(tags)}}


def an_annotation(*items: Entry, **fields: Any) -> Entry:
    """Return what a person submitted for a task."""
    return {"id": 1, "was_cancelled": False, "result": list(items), **fields}


def a_task(image: str, *annotations: Entry, number: int = 1, **fields: Any) -> Entry:
    """Return a task of an export; `fields` are further entries of it, `data` further ones of its data."""
    data = {"image": image, **fields.pop("data", {})}
    return {"id": number, "data": data, "annotations": list(annotations), "predictions": [], **fields}


def own_data(file_name: str, **fields: Any) -> Entry:
    """Return what a task of Darkroom's carries of its image."""
    image = {"file_name": file_name, "width": 100, "height": 50, **fields}
    return {"darkroom_image_id": 7, "darkroom_image": image, "darkroom_category_ids": {"apple": 1, "pear": 2}}
