"""The configuration file of a cluster's server: what is taken, and what is refused by the name of its field."""

import pathlib
from typing import Any

import pytest

from darkroom_server.config import RunLimits
from darkroom_server.config_file import ConfigError, parse_config, read_config

STORAGE = [
    {"prefix": "s3://", "region": "eu-central-1"},
    {"prefix": "s3://models/", "endpoint": "http://s3.storage.svc:9000", "credentialsFolder": "/var/run/keys"},
    {"prefix": "s3://models/team/", "endpoint": "https://team.example.com"},
]


def test_an_empty_file_serves_all_namespaces_to_holders_of_tokens() -> None:
    config = parse_config({}, "server.yaml")
    assert config.access.bearer_tokens
    assert config.cluster.serves("anything")


def test_limits_become_those_of_predictions_and_fetching() -> None:
    config = parse_config(
        {
            "prediction": {"threads": 3, "maxWaiting": 5, "memoryMebibytes": 2},
            "fetching": {"allowedPrefixes": ["https://images.internal/a/"]},
        },
        "server.yaml",
    )
    limits = config.limits
    assert (limits.prediction.threads, limits.prediction.max_waiting) == (3, 5)
    assert limits.prediction.memory_bytes == 2 * 2**20
    assert limits.fetching.allowed_prefixes == ("https://images.internal/a/",)


def test_datasets_get_the_installations_storage_and_mappings_with_storage_of_their_own() -> None:
    storage = {"credentialsSecret": "darkroom-bucket"}
    mapping = {"from": "https://old/", "to": "s3://new/", "storage": {"region": "eu-central-1"}}
    rules = parse_config({"datasets": {"storage": storage, "urlMappings": [mapping]}}, "test").limits.annotations
    assert rules.storage is not None
    assert rules.storage.credentials_secret == "darkroom-bucket"  # noqa: S105 - a name
    (found,) = rules.mappings
    assert (found.from_prefix, found.to_prefix) == ("https://old/", "s3://new/")
    assert found.storage is not None
    assert found.storage.region == "eu-central-1"


@pytest.mark.parametrize(
    ("uri", "endpoint", "by_identity"),
    [
        ("s3://models/team/a", "https://team.example.com", True),
        ("s3://models/other/a", "http://s3.storage.svc:9000", False),
        ("s3://elsewhere/a", None, True),
    ],
)
def test_the_longest_prefix_says_how_artifacts_are_reached(uri: str, endpoint: str | None, by_identity: bool) -> None:
    cluster = parse_config({"cluster": {"storage": STORAGE}}, "server.yaml").cluster
    section = cluster.find_storage(uri)
    assert section is not None
    assert (section.access.endpoint, section.access.service_account) == (endpoint, by_identity)
    assert len(section.access.reach.allowed_endpoints) == (endpoint is not None)


def test_an_address_without_a_prefix_has_no_storage() -> None:
    cluster = parse_config({"cluster": {"storage": STORAGE[1:]}}, "server.yaml").cluster
    assert cluster.find_storage("s3://elsewhere/a") is None


@pytest.mark.parametrize(
    ("loaded", "words"),
    [
        ({"prediction": {"threads": 0}}, "prediction.threads"),
        ({"prediction": {"thread": 1}}, "prediction.thread"),
        ({"cluster": {"namespaces": ["Vision"]}}, "cluster.namespaces.0"),
        ({"cluster": {"storage": [{"prefix": "https://x"}]}}, "cluster.storage.0.prefix"),
        ({"cluster": {"storage": [{"prefix": "s3://a", "imageNamespaces": ["*"]}]}}, "end it with a slash"),
        ({"cluster": {"allowedSecrets": ["team-*"]}}, "secretPrefix: 'darkroom-token-' begins no name"),
        ({"access": {"bearerTokens": False}}, "access: neither keysFolder nor bearerTokens"),
        ({"fetching": {"allowedPrefixes": ["images.internal"]}}, "fetching.allowedPrefixes.0"),
        ({"datasets": {"urlMappings": [{"from": "a/"}]}}, "datasets.urlMappings.0.to"),
        ({"datasets": {"urlMappings": [{"from": "https://old.host", "to": "s3://a/"}]}}, "datasets.urlMappings.0.from"),
        ({"datasets": {"urlMappings": [{"from": "https://old.host/", "to": "s3://a"}]}}, "datasets.urlMappings.0.to"),
        ({"datasets": {"storage": {"secret": "a"}}}, "datasets.storage.secret"),
        ([], "server.yaml"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(loaded: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_config(loaded, "server.yaml")


@pytest.mark.parametrize("text", ["a: [", None], ids=["no YAML", "no file"])
def test_a_file_that_cannot_be_read_is_named(text: str | None, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "server.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=r"server\.yaml: cannot be read"):
        read_config(path)


RUNS_URI = "s3://models/runs"


def test_runs_have_a_prefix_of_their_own_limits_and_a_model_behind_the_built_in_name() -> None:
    runs = {"mostKept": 20, "keptHours": 2, "builtInModel": {"namespace": "vision", "name": "Shelf"}}
    config = parse_config({"cluster": {"storage": STORAGE, "runsUri": RUNS_URI}, "runs": runs}, "server.yaml")
    assert config.cluster.runs_uri == RUNS_URI
    assert config.limits.runs == RunLimits(20, 7200, ("vision", "Shelf"))
    own = {"storage": [*STORAGE, {"prefix": f"{RUNS_URI}/", "region": "own"}], "runsUri": RUNS_URI}
    cluster = parse_config({"cluster": own}, "server.yaml").cluster
    assert cluster.runs_folder == f"{RUNS_URI}/"
    assert cluster.find_storage(cluster.runs_folder) == cluster.storage[-1]
    assert parse_config({"cluster": {"runsUri": None}}, "server.yaml").cluster.runs_uri is None
    azure = {"storage": [{"prefix": "az://models/"}], "runsUri": "az://models/runs"}
    assert parse_config({"cluster": azure}, "server.yaml").cluster.runs_folder == "az://models/runs/"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"cluster": {"runsUri": RUNS_URI}}, "runsUri: no entry of storage has a prefix"),
        (
            {"cluster": {"storage": [{"prefix": "s3://models/", "imageNamespaces": ["*"]}], "runsUri": RUNS_URI}},
            "would open the images of runs",
        ),
        (
            {
                "cluster": {
                    "storage": [*STORAGE, {"prefix": "s3://models/runs/team/", "imageNamespaces": ["*"]}],
                    "runsUri": RUNS_URI,
                }
            },
            "would open the images of runs",
        ),
        ({"cluster": {"runsUri": "s3://models"}}, "runsUri"),
        ({"runs": {"mostKept": 9}}, "mostKept"),
        (
            {"cluster": {"namespaces": ["a"]}, "runs": {"builtInModel": {"namespace": "b", "name": "x"}}},
            "is not one of cluster.namespaces",
        ),
    ],
)
def test_a_wrong_place_of_runs_is_refused_by_name(content: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_config(content, "server.yaml")
