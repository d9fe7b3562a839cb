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
    assert keys_of(inspection()) == {**pair, "AWS_SESSION_TOKEN": True, "SAS_URL": True, "ca.crt": True}
    over_https = a_dataset_spec(annotationFiles=["https://files.example.org/a.json"])
    assert keys_of(inspection(spec=over_https)) == dict.fromkeys(names.SECRET_KEYS, True)
    assert keys_of(training(), "output").items() >= pair.items()
