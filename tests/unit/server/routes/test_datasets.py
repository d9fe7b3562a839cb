"""`/computervision/datasets`, called as its clients call it."""

import json
import re
import threading
from typing import Any

import pytest

from tests.support.server.local import OTHER_KEY, LocalServer
from tests.support.server.parts import KEY, NAMESPACE
from tests.support.server.running import Answer, send

URI = "https://data.example/set/train.json"
BODY: dict[str, Any] = {"annotationKind": "imageClassification", "annotationFileUris": [URI]}


def error_of(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["error"]["code"]


def test_a_dataset_is_registered_read_changed_and_deleted(server: LocalServer) -> None:
    put = server.call("PUT", "/datasets/Fruit_1", BODY)
    assert put.status == 201
    told = put.json
    assert (told["name"], told["annotationKind"], told["annotationFileUris"]) == ("Fruit_1", *BODY.values())
    assert told["createdDateTime"] == told["updatedDateTime"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["createdDateTime"])
    assert server.call("GET", "/datasets/Fruit_1").json == told
    changed = server.call("PATCH", "/datasets/Fruit_1", {"customProperties": {"Season": "june"}})
    assert changed.status == 200
    assert changed.json["customProperties"] == {"Season": "june"}
    assert changed.json["annotationFileUris"] == [URI]
    assert changed.json["eTag"] != told["eTag"]
    assert changed.json["updatedDateTime"] > told["updatedDateTime"]
    gone = server.call("DELETE", "/datasets/Fruit_1")
    assert (gone.status, gone.body) == (204, b"")
    assert error_of(server.call("GET", "/datasets/Fruit_1")) == (404, "404")


BODIES: dict[str, tuple[bytes, str | None]] = {
    "JSON with a charset": (json.dumps(BODY).encode(), "application/json; charset=utf-8"),
    "what the swagger declares": (json.dumps(BODY).encode(), "application/json-patch+json"),
    "no type at all": (json.dumps(BODY).encode(), None),
    "a form, as curl -d sends it": (json.dumps(BODY).encode(), "application/x-www-form-urlencoded"),
    "keys in PascalCase": (json.dumps({key[0].upper() + key[1:]: value for key, value in BODY.items()}).encode(), None),
    "single quotes and a comma too many": (
        f"{{'annotationKind': 'imageClassification', 'annotationFileUris': ['{URI}'],}}".encode(), None,
    ),
    "the older word of its kind": (json.dumps(BODY | {"annotationKind": "MultiClassClassification"}).encode(), None),
    "read-only and unknown fields": (json.dumps(BODY | {"name": 1, "eTag": 2, "createdDateTime": 3}).encode(), None),
    "null where nothing is meant": (
        json.dumps(BODY | {"authentication": None, "customProperties": None}).encode(), None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "content_type"), BODIES.values(), ids=BODIES.keys())
def test_a_body_is_taken_in_each_form_that_clients_send(
    body: bytes, content_type: str | None, server: LocalServer
) -> None:
    headers = {"Content-Type": content_type} if content_type is not None else {}
    answer = server.call("PUT", "/datasets/fruit", body, headers=headers)
    assert answer.status == 201, answer.body
    assert answer.json["annotationKind"] == "imageClassification"
    assert answer.json["annotationFileUris"] == [URI]
    assert set(answer.json) == {
        "name", "annotationKind", "annotationFileUris", "createdDateTime", "updatedDateTime", "eTag",
    }  # fmt: skip


WRONG: dict[str, tuple[Any, str, str]] = {
    "no kind": ({"annotationFileUris": [URI]}, "InvalidRequest", "annotationKind"),
    "no addresses": ({"annotationKind": "imageClassification"}, "InvalidRequest", "annotationFileUris"),
    "an empty list of addresses": (BODY | {"annotationFileUris": []}, "InvalidRequest", "annotationFileUris"),
    "eleven addresses": (
        BODY | {"annotationFileUris": [f"{URI}{number}" for number in range(11)]},
        "InvalidRequest", "annotationFileUris",
    ),
    "one address without a list": (BODY | {"annotationFileUris": URI}, "InvalidRequest", "annotationFileUris"),
    "a number for an address": (BODY | {"annotationFileUris": [URI, 7]}, "InvalidRequest", "annotationFileUris[1]"),
    "an unknown kind": (BODY | {"annotationKind": "imageCaption"}, "InvalidRequest", "annotationKind"),
    "a number for a kind": (BODY | {"annotationKind": 1}, "InvalidRequest", "annotationKind"),
    "an unknown authentication": (BODY | {"authentication": {"kind": "key"}}, "InvalidRequest", "authentication.kind"),
    "an authentication without a kind": (BODY | {"authentication": {}}, "InvalidRequest", "authentication.kind"),
    "sas without a token": (
        BODY | {"authentication": {"kind": "sas"}}, "InvalidRequest", "authentication.sasToken",
    ),
    "a token without its signature": (
        BODY | {"authentication": {"kind": "sas", "sasToken": "sv=2023&sp=r"}},
        "InvalidRequest", "authentication.sasToken",
    ),
    "a token that breaks the header": (
        BODY | {"authentication": {"kind": "sas", "sasToken": "sig=1\r\nHost: x"}},
        "InvalidRequest", "authentication.sasToken",
    ),
    "a property that is no text": (BODY | {"customProperties": {"a": 1}}, "InvalidRequest", "customProperties.a"),
    "eleven properties": (
        BODY | {"customProperties": {str(number): "" for number in range(11)}}, "InvalidRequest", "customProperties",
    ),
    "an address of a folder here": (
        BODY | {"annotationFileUris": ["file:///etc/passwd"]}, "DatasetInvalidAnnotationUri", "annotationFileUris[0]",
    ),
    "plain http": (
        BODY | {"annotationFileUris": [URI, "http://data.example/a"]},
        "DatasetInvalidAnnotationUri", "annotationFileUris[1]",
    ),
    "no address at all": (
        BODY | {"annotationFileUris": ["train.json"]}, "DatasetInvalidAnnotationUri", "annotationFileUris[0]",
    ),
    "a password in an address": (
        BODY | {"annotationFileUris": ["https://me:pw@data.example/a"]},
        "DatasetInvalidAnnotationUri", "annotationFileUris[0]",
    ),
    "one address twice": (
        BODY | {"annotationFileUris": [URI, URI]}, "DatasetInvalidAnnotationUri", "annotationFileUris",
    ),
    "an address of 3,000 characters": (
        BODY | {"annotationFileUris": [URI + "a" * 3000]}, "DatasetInvalidAnnotationUri", "annotationFileUris[0]",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "code", "target"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_body_is_refused_with_the_name_of_its_field(
    body: Any, code: str, target: str, server: LocalServer
) -> None:
    answer = server.call("PUT", "/datasets/fruit", body)
    assert error_of(answer) == (400, code), answer.body
    assert answer.json["error"]["target"] == target
    assert target.partition("[")[0] in answer.json["error"]["message"]
    assert answer.headers["x-ms-error-code"] == code
    assert server.call("GET", "/datasets/fruit").status == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'"text"', b"null", b"{", b"\xff\xfe{}", b"\x00"])
def test_a_body_that_is_no_object_is_refused(body: bytes, server: LocalServer) -> None:
    assert error_of(server.call("PUT", "/datasets/fruit", body)) == (400, "InvalidRequest")


NAMES: dict[str, tuple[str, int]] = {
    "capitals, underscores and dots": ("My_Data.Set-1", 201),
    "255 characters": ("a" * 255, 201),
    "256 characters": ("a" * 256, 400),
    "a dot at its beginning": (".hidden", 400),
    "two dots": ("..", 400),
    "two dots, escaped": ("%2e%2e", 400),
    "a slash, escaped": ("a%2Fb", 404),
    "a space": ("a%20b", 400),
    "a line's end": ("a%0Ab", 400),
    "a zero": ("a%00", 400),
    "no UTF-8": ("%ff%fe", 400),
    "another alphabet": ("%C3%A9t%C3%A9", 400),
    "a colon": ("a:b", 400),
}


@pytest.mark.parametrize(("name", "status"), NAMES.values(), ids=NAMES.keys())
def test_a_name_is_taken_or_refused(name: str, status: int, server: LocalServer) -> None:
    answer = server.call("PUT", f"/datasets/{name}", BODY)
    assert answer.status == status, answer.body
    assert server.call("GET", f"/datasets/{name}").status == (200 if status == 201 else status)


def test_names_that_differ_in_case_only_are_two_datasets(server: LocalServer) -> None:
    assert server.put_dataset("Fruit").status == 201
    assert server.put_dataset("fruit").status == 201
    assert server.call("GET", "/datasets/Fruit").json["name"] == "Fruit"


def test_a_name_is_taken_once(server: LocalServer) -> None:
    assert server.put_dataset().status == 201
    assert error_of(server.put_dataset()) == (409, "DatasetAlreadyExists")


def test_of_many_at_once_one_gets_the_name(server: LocalServer) -> None:
    found: list[int] = []
    callers = [threading.Thread(target=lambda: found.append(server.put_dataset().status)) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(found) == [201] + [409] * 7


def test_repeated_slashes_count_as_one(server: LocalServer) -> None:
    assert server.call("PUT", "//datasets///fruit", BODY).status == 201
    assert server.call("GET", "/datasets/fruit").status == 200


CONDITIONS: dict[str, tuple[str | None, int]] = {
    "as it was told": ("{}", 200),
    "in quotes": ('"{}"', 200),
    "weak": ('W/"{}"', 200),
    "any": ("*", 200),
    "none": (None, 200),
    "another": ("abc", 412),
}


@pytest.mark.parametrize(("form", "status"), CONDITIONS.values(), ids=CONDITIONS.keys())
def test_a_change_and_a_deletion_can_ask_for_the_version_that_was_seen(
    form: str | None, status: int, server: LocalServer
) -> None:
    tag = server.put_dataset().json["eTag"]
    headers = {"If-Match": form.format(tag)} if form is not None else {}
    changed = server.call("PATCH", "/datasets/fruit", {"customProperties": {"a": "b"}}, headers=headers)
    assert changed.status == status
    now = server.call("GET", "/datasets/fruit").json
    assert (now.get("customProperties") == {"a": "b"}) is (status == 200)
    headers = {"If-Match": form.format(now["eTag"])} if form is not None else {}
    assert server.call("DELETE", "/datasets/fruit", headers=headers).status == (204 if status == 200 else 412)


def test_changes_at_once_all_happen_where_no_version_is_asked_for(server: LocalServer) -> None:
    server.put_dataset()
    found: list[int] = []

    def change(number: int) -> None:
        body = {"annotationFileUris": [f"https://data.example/{number}.json"]}
        found.append(server.call("PATCH", "/datasets/fruit", body).status)

    callers = [threading.Thread(target=change, args=[number]) for number in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert found == [200] * 4


def test_keys_inside_custom_properties_stay_as_they_are(server: LocalServer) -> None:
    properties = {"SeasonOfYear": "Spring", "seasonofyear": "été"}
    assert server.put_dataset(CustomProperties=properties).json["customProperties"] == properties


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("none", None),
        ("managedIdentity", {"kind": "managedIdentity"}),
        ("ManagedIdentity", {"kind": "managedIdentity"}),
    ],
)
def test_an_authentication_is_told_unless_it_is_none(
    kind: str, told: dict[str, str] | None, server: LocalServer
) -> None:
    assert server.put_dataset(authentication={"Kind": kind}).json.get("authentication") == told


def test_a_change_of_something_else_leaves_the_files_and_the_storage_that_kubectl_gave(server: LocalServer) -> None:
    spec = {
        "annotationKind": "imageClassification",
        "annotationFiles": ["s3://vision/a.json"],
        "storage": {"endpoint": "https://s3.example", "credentialsSecret": "mine"},
    }
    server.backend.store.create(
        "Dataset", NAMESPACE, {"kind": "Dataset", "metadata": {"name": "applied"}, "spec": spec}
    )
    before = server.find("Dataset", "applied").spec
    assert server.call("PATCH", "/datasets/applied", {"customProperties": {"shop": "7"}}).status == 200
    assert server.find("Dataset", "applied").spec == before


def test_lists_come_in_pages_newest_first(server: LocalServer) -> None:
    for number in range(13):
        server.put_dataset(f"set-{number:02}")
    first = server.call("GET", "/datasets").json
    assert [item["name"] for item in first["value"]] == [f"set-{number:02}" for number in range(12, 2, -1)]
    assert first["nextLink"].startswith(f"{server.address}/computervision/datasets?")
    assert "api-version=2023-04-01-preview" in first["nextLink"]
    rest = server.call("GET", "/datasets", query="skip=10&top=10").json
    assert [item["name"] for item in rest["value"]] == ["set-02", "set-01", "set-00"]
    assert "nextLink" not in rest


def test_names_of_queries_are_read_in_any_case(server: LocalServer) -> None:
    for number in range(3):
        server.put_dataset(f"set-{number}")
    path = "/computervision/datasets?API-Version=2023-02-01-preview&Skip=1&TOP=1"
    told = send(server.address, path, headers={"Ocp-Apim-Subscription-Key": KEY}).json
    assert [item["name"] for item in told["value"]] == ["set-1"]
    link = told["nextLink"].removeprefix(server.address)
    last = send(server.address, link, headers={"Ocp-Apim-Subscription-Key": KEY}).json
    assert [item["name"] for item in last["value"]] == ["set-0"]
    assert "nextLink" not in last


@pytest.mark.parametrize("version", ["", "api-version=", "api-version=2022-01-01"])
def test_a_version_that_is_not_known_is_refused(version: str, server: LocalServer) -> None:
    answer = send(server.address, f"/computervision/datasets?{version}", headers={"Ocp-Apim-Subscription-Key": KEY})
    assert answer.status == 400
    assert answer.json["error"]["target"] == "api-version"


def test_an_empty_list_is_a_list(server: LocalServer) -> None:
    assert server.call("GET", "/datasets").json == {"value": []}


@pytest.mark.parametrize("query", ["top=0", "top=31", "top=x", "skip=-1"])
def test_a_page_that_cannot_be_is_refused(query: str, server: LocalServer) -> None:
    assert error_of(server.call("GET", "/datasets", query=query)) == (400, "InvalidRequest")


def test_a_key_sees_its_own_namespace_only(server: LocalServer) -> None:
    server.put_dataset()
    assert server.call("GET", "/datasets/fruit", key=OTHER_KEY).status == 404
    assert server.call("GET", "/datasets", key=OTHER_KEY).json == {"value": []}
    assert server.call("PUT", "/datasets/fruit", BODY, key=OTHER_KEY).status == 201
    assert server.call("DELETE", "/datasets/fruit", key=OTHER_KEY).status == 204
    assert server.call("GET", "/datasets/fruit").status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_nothing_is_told_without_a_key(method: str, server: LocalServer) -> None:
    answer = server.call(method, "/datasets/fruit", BODY if method in ("PUT", "PATCH") else None, key="")
    assert error_of(answer) == (401, "PermissionDenied")


def test_other_methods_are_refused_in_the_same_envelope(server: LocalServer) -> None:
    assert error_of(server.call("POST", "/datasets/fruit", BODY)) == (405, "MethodNotAllowed")
