"""What of a Secret a trainer sees."""

from darkroom_api import names
from tests.builders import Json, a_dataset_spec
from tests.unit.operator.manifests.test_job import inspection, pod_of, training


def keys_of(job: Json, role: str = "dataset") -> dict[str, bool]:
    """Return the keys of a Secret that a role's volume holds, and whether each may be missing."""
    (volume,) = [v for v in pod_of(job)["volumes"] if v["name"] == f"credentials-{role}"]
    sources = [source["secret"] for source in volume["projected"]["sources"]]
    return {item["key"]: source["optional"] for source in sources for item in source["items"]}


def test_only_the_known_keys_of_a_secret_are_mounted_and_a_buckets_pair_has_to_be_there() -> None:
    pair = {"AWS_ACCESS_KEY_ID": False, "AWS_SECRET_ACCESS_KEY": False}
    others = ("AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "SAS_URL", "ca.crt")
    assert keys_of(inspection()) == {**pair, **dict.fromkeys(others, True)}
    for uri in ("https://files.example.org/a.json", "az://vision/a.json"):
        of_no_bucket = a_dataset_spec(annotationFiles=[uri])
        assert keys_of(inspection(spec=of_no_bucket)) == dict.fromkeys(names.SECRET_KEYS, True)
    assert keys_of(training(), "output").items() >= pair.items()
