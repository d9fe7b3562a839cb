"""The prediction server on the cluster: a Model by its name, through the Service, for whom it may answer."""

import pytest

from tests.cluster.api.waiting import SYSTEM_NAMESPACE
from tests.cluster.scenarios.main_job import MODEL, MainJob
from tests.cluster.serving.server import ACCOUNT, Load, Server, by_key, make_token
from tests.cluster.setup.installation import Installation

LOAD_CLIENTS = 4


def test_a_trained_model_answers_by_its_name_to_a_key_of_its_namespace(server: Server, image: bytes) -> None:
    answer = server.analyze(MODEL, image, by_key(server.key))
    assert answer.status == 200, answer.body
    values = answer.json["customModelResult"]["tagsResult"]["values"]
    assert len(values) == 10
    assert values[0]["confidence"] == max(value["confidence"] for value in values)


def test_a_key_of_another_namespace_and_no_key_see_nothing_of_it(server: Server, image: bytes) -> None:
    assert server.analyze(MODEL, image, by_key(server.other_key)).status == 404
    for headers in ({}, by_key(""), by_key("wrong-key-0123456789")):
        assert server.analyze(MODEL, image, headers).status == 401


def test_a_bearer_token_may_what_rbac_lets_its_user_do(
    server: Server, main_job: MainJob, installation: Installation, image: bytes
) -> None:
    statuses = []
    for may_read in (True, False):
        token = make_token(installation, main_job.namespace, "darkroom-view" if may_read else None)
        headers = {"Authorization": f"Bearer {token}"}
        statuses.append(server.analyze(MODEL, image, headers, namespace=main_job.namespace).status)
    assert statuses == [200, 403]
    assert server.analyze(MODEL, image, {"Authorization": "Bearer x"}, namespace=main_job.namespace).status == 401


def test_the_servers_account_can_create_secrets_and_do_nothing_else_with_them(
    server: Server, main_job: MainJob
) -> None:
    listed = server.installation.kubectl(
        "auth", "can-i", "--list", f"--as={ACCOUNT}", "-n", main_job.namespace, "--no-headers"
    )
    assert listed.returncode == 0, listed.stderr
    rows = [line.split() for line in listed.stdout.splitlines() if line.strip() and not line.startswith(" ")]
    secrets_rows = [row for row in rows if row[0] == "secrets"]
    assert [row[-1] for row in secrets_rows] == ["[create]"]
    assert [row for row in rows if "*" in " ".join(row)] == []
    for verb in ("get", "list", "watch", "update", "patch", "delete"):
        done = server.installation.kubectl("auth", "can-i", verb, "secrets", f"--as={ACCOUNT}", "-n", SYSTEM_NAMESPACE)
        assert done.stdout.strip() == "no"


@pytest.mark.timeout(240, func_only=True)
def test_a_rollout_under_load_fails_no_request(server: Server, image: bytes) -> None:
    before = {pod["metadata"]["uid"] for pod in server.list_pods()}
    load = Load(server, MODEL, image)
    with load.run(LOAD_CLIENTS):
        server.restart()
    after = {pod["metadata"]["uid"] for pod in server.list_pods()}
    assert len(after) == 2
    assert not before & after
    assert load.failures == []
    assert set(load.answers) == {200}
    assert len(load.answers) > 50
