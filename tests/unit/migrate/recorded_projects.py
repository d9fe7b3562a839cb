"""Three small projects as the training API gives them, written by hand: what differs between them is what matters."""

import copy
from typing import Any

from tests.support.coco_builders import a_picture, a_scene

Json = dict[str, Any]

KEY = "0123456789abcdef0123456789abcdef"
CREATED = "2024-05-0{}T10:00:00.000Z"


def an_id(number: int) -> str:
    """Return a GUID that tells which one it is."""
    return f"{number:08d}-1111-4222-8333-444444444444"


FRUIT = an_id(900)
APPLE, PEAR, NEGATIVE = an_id(11), an_id(12), an_id(13)


def a_tag(number: str, name: str, kind: str = "Regular") -> Json:
    return {"id": number, "name": name, "description": None, "type": kind, "imageCount": 2}


def an_image(number: int, *tags: str, regions: list[Json] | None = None, **fields: Any) -> Json:
    """Return an image of 100 x 50 pixels as it is listed; the server adds the addresses."""
    entry: Json = {"id": an_id(number), "created": CREATED.format(1 + number // 10), "width": 100, "height": 50}
    if tags:
        entry["tags"] = [{"tagId": tag, "tagName": "", "created": CREATED.format(1)} for tag in tags]
    if regions is not None:
        entry["regions"] = regions
    return {**entry, "metadata": None, **fields}


def a_region(tag: str, left: Any, top: Any, width: Any, height: Any, number: int = 70) -> Json:
    return {
        **{"regionId": an_id(number), "tagName": "", "tagId": tag, "created": CREATED.format(1)},
        **{"left": left, "top": top, "width": width, "height": height},
    }


def a_project(domain: str, classification: str | None, images: list[Json], tags: list[Json] | None = None) -> Json:
    """Return everything that the server knows of a project, by the last part of its address."""
    settings: Json = {
        "domainId": an_id(1 if domain == "Classification" else 2),
        "classificationType": classification,
        "targetExportPlatforms": [],
        "useNegativeSet": True,
        "detectionParameters": None,
        "imageProcessingSettings": {"augmentationMethods": {}},
    }
    project = {
        **{"id": FRUIT, "name": "Fruit & Veg", "description": "", "settings": settings, "created": CREATED.format(1)},
        **{"lastModified": CREATED.format(2), "thumbnailUri": None, "drModeEnabled": False, "status": "Succeeded"},
    }
    given = [a_tag(PEAR, "pear"), a_tag(NEGATIVE, "Negative", "Negative"), a_tag(APPLE, "apple")]
    return {
        "project": project,
        "domain": {
            **{"id": settings["domainId"], "name": "General", "type": domain, "exportable": False, "enabled": True},
            **{"exportablePlatforms": []},
        },
        "tags": given if tags is None else tags,
        "images": images,
        "iterations": [an_iteration(81, "Iteration 1", 1), an_iteration(82, "Iteration 2", 3), an_iteration(83, "New")],
        "performance": {
            **{"precision": 0.9, "precisionStdDeviation": 0.0, "recall": 0.75, "recallStdDeviation": 0.0},
            "averagePrecision": 0.8125,
            "perTagPerformance": [
                {"id": APPLE, "name": "apple", "precision": 1.0, "recall": 0.5, "averagePrecision": None}
            ],
        },
    }


def an_iteration(number: int, name: str, day: int | None = None) -> Json:
    return {
        **{"id": an_id(number), "name": name, "status": "Completed" if day else "New", "created": CREATED.format(1)},
        **{"lastModified": CREATED.format(2), "trainedAt": CREATED.format(day) if day else None, "projectId": FRUIT},
        **{"exportable": False, "exportableTo": None, "domainId": an_id(1), "classificationType": "Multiclass"},
        **{"trainingType": "Regular", "reservedBudgetInHours": 0, "publishName": None},
    }


def a_multiclass_project() -> Json:
    """Return four images of one tag each, one of two tags, one without and one Negative."""
    images = [an_image(1, APPLE), an_image(2, PEAR), an_image(3, APPLE), an_image(4, PEAR)]
    images += [an_image(5, APPLE, PEAR), an_image(6), an_image(7, NEGATIVE)]
    return a_project("Classification", "Multiclass", images)


def a_multilabel_project() -> Json:
    """Return images of one tag and of two, one Negative and one without tags."""
    images = [an_image(1, APPLE), an_image(2, PEAR, APPLE), an_image(3, NEGATIVE), an_image(4), an_image(5, PEAR)]
    return a_project("Classification", "Multilabel", images)


def a_detection_project() -> Json:
    """Return boxes inside, over the edge and without a size; a Negative image, one untagged, one without boxes."""
    images = [
        an_image(1, APPLE, regions=[a_region(APPLE, 0.1, 0.2, 0.3, 0.4)]),
        an_image(2, APPLE, PEAR, regions=[a_region(PEAR, -0.1, 0.5, 0.4, 0.75), a_region(APPLE, 0.5, 0.5, 0.25, 0.25)]),
        an_image(3, APPLE, regions=[a_region(APPLE, 0.5, 0.5, 0, 0.2, 71), a_region(APPLE, 0.1, 0.1, 0.2, 0.2)]),
        an_image(4, PEAR, regions=[a_region(PEAR, 0.25, 0.25, 0.5, 0.5)]),
        an_image(5, NEGATIVE, regions=None),
        an_image(6, regions=[]),
        an_image(7, PEAR),
    ]
    return a_project("ObjectDetection", None, images)


def a_larger_project(count: int) -> Json:
    """Return a project of one tag an image."""
    images = [an_image(number, (APPLE, PEAR)[number % 2], created=CREATED.format(1)) for number in range(1, count + 1)]
    return a_project("Classification", "Multiclass", images)


def pictures_of(project: Json) -> dict[str, bytes]:
    """Return a picture for each image, the first as JPEG and the others as PNG, each another one."""
    return {
        image["id"]: a_scene(number, form="JPEG" if number == 1 else "PNG")
        for number, image in enumerate(project["images"], start=1)
    }


def a_turned_picture() -> bytes:
    """Return a JPEG of 100 x 50 pixels that its EXIF block turns by a quarter."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    return a_picture(form="JPEG", exif=exif)


def without_images(project: Json, *numbers: int) -> Json:
    """Return the project without some of its images."""
    gone = {an_id(number) for number in numbers}
    changed = copy.deepcopy(project)
    changed["images"] = [image for image in changed["images"] if image["id"] not in gone]
    return changed
