"""Which fields of an object are kept of all that the API server sends."""

from darkroom_operator.facts import shapes
from tests.unit.operator.objects import a_child


def test_of_a_pod_only_what_is_read_is_kept() -> None:
    raw = a_child(5, spec={"nodeName": "n", "containers": [{"image": "x" * 1000}]}, status={"hostIP": "1.2.3.4"})
    raw["metadata"] |= {"managedFields": [{}], "finalizers": ["f"]}
    kept = shapes.POD.validate_python(raw)
    assert (kept.get("spec"), kept.get("status")) == ({"nodeName": "n"}, {})
    assert not {"managedFields", "finalizers"} & kept["metadata"].keys()
