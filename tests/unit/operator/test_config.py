"""The configuration file: what it needs, what it refuses, what it says then."""

import pathlib
from typing import Any

import pytest

from darkroom_operator.config import ConfigError, parse_config, read_config
from tests.builders import a_config

GOOD = {"trainer": {"image": "example.org/trainer:1"}, "computeClasses": {"gpu": {}}}

REFUSED = {
    "an unknown key": ({**GOOD, "trainers": {}}, "trainers"),
    "no image": ({**GOOD, "trainer": {}}, "trainer.image"),
    "no classes": ({"trainer": GOOD["trainer"]}, "computeClasses"),
    "a default class that is not there": ({**GOOD, "defaultComputeClass": "tpu"}, "defaultComputeClass"),
    "a memory that is no quantity": (
        {**GOOD, "computeClasses": {"gpu": {"memory": "8 GB"}}},
        "computeClasses.gpu.memory",
    ),
    "an output on a web address": ({**GOOD, "output": {"uri": "https://example.org"}}, "output.uri"),
    "a TTL that outcomes might not outlive": ({**GOOD, "jobTtlSeconds": 1}, "jobTtlSeconds"),
    "more failures than a status can remember": ({**GOOD, "retries": {"failures": 9}}, "retries.failures"),
    "a user id of root": ({**GOOD, "trainer": {"image": "x", "runAsUser": 0}}, "trainer.runAsUser"),
    "an endpoint with a path": ({**GOOD, "allowedEndpoints": ["https://images.test/a"]}, "allowedEndpoints.0"),
    "an endpoint with a password": ({**GOOD, "allowedEndpoints": ["https://u:p@images.test"]}, "allowedEndpoints.0"),
    "an endpoint with an impossible port": ({**GOOD, "allowedEndpoints": ["https://a.test:99999"]}, "not a URL"),
    "a link-local endpoint": ({**GOOD, "allowedEndpoints": ["http://169.254.169.254"]}, "which no run may reach"),
    "a loopback endpoint": ({**GOOD, "allowedEndpoints": ["http://localhost:9000"]}, "which no run may reach"),
    "the API server": ({**GOOD, "allowedEndpoints": ["kubernetes.default.svc"]}, "which no run may reach"),
    "weights on a web address": (
        {**GOOD, "trainer": {"image": "x", "weights": {"uri": "https://hub.example.com"}}},
        "trainer.weights.uri",
    ),
    "a hub without encryption": (
        {**GOOD, "trainer": {"image": "x", "weights": {"hub": "http://hub.example.com"}}},
        "trainer.weights.hub",
    ),
    "limits of no namespace": ({**GOOD, "limits": [{"namespaces": []}]}, "limits.0.namespaces"),
    "limits without namespaces": ({**GOOD, "limits": [{"maxDevices": 1}]}, "limits.0.namespaces"),
    "a longest budget of nothing": (
        {**GOOD, "limits": [{"namespaces": ["a"]}, {"namespaces": ["b"], "maxBudget": "0s"}]},
        "limits.1.maxBudget",
    ),
    "a longest budget beyond any": ({**GOOD, "limits": [{"namespaces": ["a"], "maxBudget": "1345h"}]}, "maxBudget"),
    "a longest time without a unit": (
        {**GOOD, "limits": [{"namespaces": ["a"], "maxEvaluationTime": "30"}]},
        "maxEvaluationTime",
    ),
    "a default queue that no label can hold": ({**GOOD, "defaultQueue": "Team A"}, "defaultQueue"),
    "a default queue of a namespace that is none": (
        {**GOOD, "limits": [{"namespaces": ["a"], "defaultQueue": "Team A"}]},
        "limits.0.defaultQueue",
    ),
    "a topology that is both required and preferred": (
        {**GOOD, "computeClasses": {"gpu": {"topology": {"required": "rack", "preferred": "block"}}}},
        "computeClasses.gpu.topology: Value error, give required or preferred, not both",
    ),
    "a level of a topology that is no label": (
        {**GOOD, "computeClasses": {"gpu": {"topology": {"required": "my rack"}}}},
        "computeClasses.gpu.topology.required",
    ),
    "a scheduler that is no name": (
        {**GOOD, "computeClasses": {"gpu": {"schedulerName": "My Scheduler"}}},
        "computeClasses.gpu.schedulerName",
    ),
    "no run at all": ({**GOOD, "limits": [{"namespaces": ["a"], "maxRunningRuns": 0}]}, "maxRunningRuns"),
    "a label of the operator's own": (
        {**GOOD, "trainer": {"image": "x", "podLabels": {"darkroom.dev/uid": "x"}}},
        "set by the operator",
    ),
    "the label by which its pods are watched": (
        {**GOOD, "computeClasses": {"gpu": {"podLabels": {"app.kubernetes.io/managed-by": "x"}}}},
        "set by the operator",
    ),
    "a label that is none": (
        {**GOOD, "trainer": {"image": "x", "podLabels": {"team": "a b"}}},
        "trainer.podLabels.team",
    ),
    "an annotation's key that is none": (
        {**GOOD, "trainer": {"image": "x", "podAnnotations": {"a b": "x"}}},
        "trainer.podAnnotations",
    ),
    "authorities that are no certificates": (
        {**GOOD, "trainer": {"image": "x", "certificateAuthorities": "-----BEGIN CERTIFICATE-----"}},
        "trainer.certificateAuthorities: .*is not a list of certificates in PEM",
    ),
    "nothing at all": (None, "test"),
}


@pytest.mark.parametrize(("loaded", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_configuration_is_refused_and_the_field_named(loaded: Any, field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        parse_config(loaded, "test")


def test_a_short_configuration_has_defaults() -> None:
    config = parse_config(GOOD, "test")
    assert config.compute_classes["gpu"].memory == "8Gi"
    assert (config.grace_seconds, config.retries.storage, config.job_ttl_seconds) == (30, 4, 86400)


@pytest.mark.parametrize(
    ("text", "words"), [("a: [", "cannot be read as YAML"), ("- x", "valid")], ids=["broken YAML", "a list"]
)
def test_a_file_that_is_no_configuration_is_named(text: str, words: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as raised:
        read_config(path)
    assert str(path) in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        read_config(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("name", "allowed"), [("darkroom-bucket", True), ("bucket", False), ("Darkroom-x", False), ("darkroom-", True)]
)
def test_secrets_match_the_patterns(name: str, allowed: bool) -> None:
    assert a_config().allows_secret(name) is allowed
    assert a_config(allowedServiceAccounts=[]).allows_service_account(name) is False


@pytest.mark.parametrize(
    ("namespace", "devices"),
    [("vision", 1), ("vision-test", 2), ("lab", 3)],
    ids=["the first entry that matches", "a pattern", "the defaults where none matches"],
)
def test_limits_are_those_of(namespace: str, devices: int) -> None:
    entries = [("vision", 1), ("vision*", 2)]
    config = a_config(limits=[{"namespaces": [pattern], "maxDevices": most} for pattern, most in entries])
    assert config.find_limits(namespace).max_devices == (devices if devices < 3 else 64)


def test_a_user_id_may_be_left_to_the_platform() -> None:
    assert parse_config({**GOOD, "trainer": {"image": "x", "runAsUser": None}}, "test").trainer.run_as_user is None


@pytest.mark.parametrize(("seconds", "accepted"), [(0, True), (10, True), (2_592_000, True), (9, False), (-1, False)])
def test_a_start_timeout_is_none_or_long_enough_for_a_container(seconds: int, accepted: bool) -> None:
    loaded = {**GOOD, "startTimeoutSeconds": seconds}
    if accepted:
        assert parse_config(loaded, "test").start_timeout_seconds == seconds
        return
    with pytest.raises(ConfigError, match="startTimeoutSeconds"):
        parse_config(loaded, "test")


QUEUES: dict[str, tuple[str, str | None, str | None]] = {
    "the one that it names": ("other", "mine", "mine"),
    "that of its namespace": ("vision", None, "gpus"),
    "the installation's, where its namespace has none": ("other", None, "all"),
    "the installation's, where the limits of its namespace leave it out": ("lab", None, "all"),
    "none, where its namespace says so": ("free", None, None),
    "the one that it names, whatever its namespace says": ("free", "mine", "mine"),
}


@pytest.mark.parametrize(("namespace", "named", "queue"), QUEUES.values(), ids=QUEUES.keys())
def test_a_resource_is_in_the_queue(namespace: str, named: str | None, queue: str | None) -> None:
    limits = [
        {"namespaces": ["vision"], "defaultQueue": "gpus"},
        {"namespaces": ["free"], "defaultQueue": ""},
        {"namespaces": ["lab"]},
    ]
    assert a_config(defaultQueue="all", limits=limits).find_queue(namespace, named) == queue
    assert a_config().find_queue(namespace, named) == named


@pytest.mark.parametrize(("most", "spans"), [(None, False), (1, False), (2, True), (64, True)])
def test_runs_span_nodes_where_a_class_lets_them(most: int | None, spans: bool) -> None:
    own = {} if most is None else {"maxNodes": most}
    assert a_config(computeClasses={"gpu": own, "cpu": {}}).spans_nodes is spans
