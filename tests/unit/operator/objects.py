"""Raw objects as a watch tells them, reduced to what the store reads.

Owns defaults only.
"""

from typing import Any

from darkroom_api import names


def an_object(version: int, uid: str = "u1", **fields: Any) -> dict[str, Any]:
    """Return an object named `fruit`."""
    metadata = {"name": "fruit", "namespace": "vision", "uid": uid, "resourceVersion": str(version), "generation": 1}
    return {"metadata": metadata, **fields}


def a_child(version: int, uid: str = "c1", controller: str = "u1", **fields: Any) -> dict[str, Any]:
    """Return a Job or pod of the Model `fruit`."""
    made = an_object(version, uid, **fields)
    reference = {"apiVersion": names.API_VERSION, "kind": "Model", "name": "fruit", "uid": controller}
    made["metadata"] |= {
        "name": names.child_name("fruit", "u1", 1),
        "labels": {names.LABEL_UID: "u1", names.LABEL_ATTEMPT: "1"},
        "ownerReferences": [{**reference, "controller": True}],
    }
    return made
