"""The Service and the Secret of a run on several nodes: owned, named, and no wider than they need to be."""

import base64

from darkroom_api import names
from darkroom_operator.api.certificates import KeyPair
from darkroom_operator.api.resources import Key
from darkroom_operator.manifests.nodes import build_secret, build_service
from tests.builders import NAMESPACE, UID, a_job

OWNER = Key("Model", NAMESPACE, "fruit.v2")


def test_the_service_gives_the_pods_of_one_attempt_their_names_before_they_are_ready() -> None:
    service = build_service(a_job(2, owner=OWNER, indexed=True))
    spec, metadata = service["spec"], service["metadata"]
    assert (spec["clusterIP"], spec["publishNotReadyAddresses"]) == ("None", True)
    assert spec["selector"] == {names.LABEL_UID: UID, names.LABEL_ATTEMPT: "2"}
    assert [port["port"] for port in spec["ports"]] == [names.NODES_PORT]
    assert metadata["name"] == names.nodes_service(UID, 2)
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Job", "job-2", True)


def test_the_secret_is_the_models_and_never_changes() -> None:
    secret = build_secret(OWNER, UID, KeyPair(b"certificate", b"key"))
    assert (secret["type"], secret["immutable"]) == ("kubernetes.io/tls", True)
    assert secret["metadata"]["name"] == names.nodes_secret("fruit.v2", UID)
    (owner,) = secret["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Model", "fruit.v2", UID)
    held = {key: base64.b64decode(value) for key, value in secret["data"].items()}
    assert held == {"tls.crt": b"certificate", "tls.key": b"key"}


def test_both_are_found_by_the_labels_of_the_resource() -> None:
    for built in (build_secret(OWNER, UID, KeyPair(b"", b"")), build_service(a_job(owner=OWNER))):
        labels = built["metadata"]["labels"]
        assert labels[names.LABEL_MANAGED_BY] == names.MANAGED_BY
        assert (labels[names.LABEL_NAME], labels[names.LABEL_UID]) == ("fruit.v2", UID)
