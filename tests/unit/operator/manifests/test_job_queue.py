"""Which queue a Job is in, and what its class says of who places its pods, and where."""

from typing import Any

from tests.builders import a_config, a_dataset_spec, a_model_spec
from tests.unit.operator.manifests.test_job import carried_by, evaluation, inspection, pod_of, training
from tests.unit.operator.manifests.test_job_prediction import prediction


def test_the_queue_and_the_priority_are_handed_on() -> None:
    config = a_config(limits=[{"namespaces": ["vision"], "allowedPriorityClasses": ["high"]}])
    job = training(config, spec=a_model_spec(queue="team-a", priorityClassName="high"))
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "team-a"
    assert pod_of(job)["priorityClassName"] == "high"


def test_every_kind_of_job_is_in_the_queue_of_its_namespace_and_none_is_suspended() -> None:
    config = a_config(limits=[{"namespaces": ["vision"], "defaultQueue": "team-b"}])
    for job in (inspection(config), training(config), evaluation(config), prediction(config)):
        assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "team-b"
        assert "suspend" not in job["spec"]
    named = inspection(spec=a_dataset_spec(queue="mine"))
    assert named["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "mine"


def test_a_class_hands_on_its_scheduler_and_the_level_of_the_topology() -> None:
    def train(**compute: Any) -> tuple[str | None, dict[str, str]]:
        job = training(a_config(computeClasses={"gpu": compute}))
        return pod_of(job).get("schedulerName"), carried_by(job)[1]

    level = {"topology": {"required": "example.com/rack"}, "schedulerName": "volcano"}
    assert train(**level) == ("volcano", {"kueue.x-k8s.io/podset-required-topology": "example.com/rack"})
    near = {"topology": {"preferred": "example.com/rack"}}
    assert train(**near) == (None, {"kueue.x-k8s.io/podset-preferred-topology": "example.com/rack"})
    assert train() == (None, {})
