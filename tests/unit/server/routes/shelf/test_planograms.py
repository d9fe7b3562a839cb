"""The routes of planograms: the service's own client, the forms of bodies, and each problem in the envelope."""

from typing import Any

import pytest
from cognitive_service_vision_model_customization_python_samples.clients.planogram_compliance_client import (
    PlanogramComplianceClient,
)
from cognitive_service_vision_model_customization_python_samples.models import PlanogramMatchingRequest

from tests.support.server.local import LocalServer
from tests.support.server.parts import KEY
from tests.support.shelf.drawn_shelves import a_planogram, empty, see_all, write_planogram, write_result

PLANOGRAM = a_planogram()
SEEN = [empty(item) if item.id == "1-1" else item for item in see_all(PLANOGRAM)]
BODY = {"planogram": write_planogram(PLANOGRAM), "detectedProducts": write_result(SEEN)}


def test_the_services_own_client_gets_each_position_with_its_object(server: LocalServer) -> None:
    client = PlanogramComplianceClient("multi_service_account", None, f"{server.address}/some/path", KEY)
    answer = client.match_planogram(PlanogramMatchingRequest(BODY["detectedProducts"], BODY["planogram"]))
    found = {one["positionId"]: one["detectedObject"] for one in answer.matching_result}
    assert {at: item["id"] for at, item in found.items()} == {one.id: one.id for one in PLANOGRAM.positions}
    assert found["1-1"]["tags"][0]["name"] == "gap"
    assert found["0-0"] == SEEN[0].to_json()


@pytest.mark.parametrize("version", ["2023-02-01-preview", "2023-10-01"])
def test_each_version_is_answered(server: LocalServer, version: str) -> None:
    assert server.call("POST", "/planogramcompliance:match", BODY, query=f"api-version={version}").status == 200


def test_keys_in_pascal_case_are_read(server: LocalServer) -> None:
    def pascal(value: Any) -> Any:
        if isinstance(value, dict):
            return {key[0].upper() + key[1:]: pascal(item) for key, item in value.items()}
        return [pascal(item) for item in value] if isinstance(value, list) else value

    answer = server.call("POST", "/planogramcompliance:match", pascal(BODY))
    assert answer.json == server.call("POST", "/planogramcompliance:match", BODY).json


def test_a_summary_tells_shares_by_product_and_fixture(server: LocalServer) -> None:
    answer = server.call("POST", "/planogramcompliance:summarize", BODY).json
    assert (answer["compliance"]["asPlanned"], answer["compliance"]["missing"]) == (31, 1)
    assert [one["missing"] for one in answer["fixtures"]] == [0, 1, 0, 0]
    assert answer["unplannedObjects"] == []


@pytest.mark.parametrize(
    ("body", "target", "message"),
    [
        ({}, "planogram", "it is missing"),
        ({"planogram": BODY["planogram"]}, "detectedProducts", "it is missing"),
        (
            BODY | {"planogram": BODY["planogram"] | {"products": [{"id": "q", "name": "q", "w": 1, "h": 1}]}},
            "planogram.positions[0] (id '0-0').productId",
            "is the id of none of planogram.products",
        ),
        (BODY | {"planogram": BODY["planogram"] | {"positions": []}}, "planogram.positions", "it is empty"),
        (BODY | {"detectedProducts": {}}, "detectedProducts", "neither products nor gaps"),
    ],
    ids=["nothing", "no detections", "an unknown product", "no positions", "empty detections"],
)
@pytest.mark.parametrize("action", ["match", "summarize"])
def test_what_is_wrong_is_400_with_its_field(
    server: LocalServer, action: str, body: Any, target: str, message: str
) -> None:
    answer = server.call("POST", f"/planogramcompliance:{action}", body)
    assert answer.status == 400
    error = answer.json["error"]
    assert (error["code"], error["target"]) == ("InvalidRequest", target)
    assert message in error["message"]


def test_without_a_key_nothing_is_matched(server: LocalServer) -> None:
    assert server.call("POST", "/planogramcompliance:match", BODY, key="wrong-key-000000000").status == 401
