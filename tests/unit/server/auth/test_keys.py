"""Keys: each opens its namespace, and none is shown."""

import asyncio
import os
import pathlib

import pytest

from darkroom_server.auth import keys
from darkroom_server.auth.admission import Caller
from darkroom_server.http.problems import Problem
from tests.support.server.requests import a_request

FIRST, SECOND = "first-key-0123456789", "second-key-0123456789"


def _admit(headers: dict[str, str]) -> Caller:
    admission = keys.KeyAdmission([keys.Key("team-a", "team-a", FIRST), keys.Key("team-b.ci", "team-b", SECOND)])
    return asyncio.run(admission.admit(a_request(headers=headers), "get", "Model"))


@pytest.mark.parametrize("header", ["Ocp-Apim-Subscription-Key", "Prediction-Key", "Training-Key"])
def test_a_key_opens_the_namespace_that_it_is_bound_to(header: str) -> None:
    assert _admit({header: FIRST}) == Caller("team-a", "key team-a")
    assert _admit({header: SECOND}) == Caller("team-b", "key team-b.ci")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no key"),
        pytest.param({"Ocp-Apim-Subscription-Key": ""}, id="an empty key, as the native client sends with a token"),
        pytest.param({"Ocp-Apim-Subscription-Key": FIRST[:-1]}, id="a part of a key"),
        pytest.param({"Ocp-Apim-Subscription-Key": "sch\xf6n" * 5}, id="a key that is not ASCII"),
        pytest.param({"Authorization": f"Bearer {FIRST}"}, id="a key as a token"),
    ],
)
def test_anything_else_is_refused_alike(headers: dict[str, str]) -> None:
    with pytest.raises(Problem, match="no key that is known") as caught:
        _admit(headers)
    assert (caught.value.status, caught.value.code) == (401, "PermissionDenied")


def test_a_mounted_secret_holds_a_key_a_file(tmp_path: pathlib.Path) -> None:
    data = tmp_path / "..2026"
    data.mkdir()
    for name, key in (("team-a", FIRST), ("team-b.ci", f"{SECOND}\n")):
        (data / name).write_text(key)
        os.symlink(data / name, tmp_path / name)
    found = keys.read_keys(tmp_path)
    assert [(key.name, key.namespace, key.secret) for key in found] == [
        ("team-a", "team-a", FIRST),
        ("team-b.ci", "team-b", SECOND),
    ]
    assert FIRST not in repr(found)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("Team_A", FIRST.encode(), id="a name that is no namespace"),
        pytest.param("team-a", b"short", id="a key that can be guessed"),
        pytest.param("team-a", b"", id="no key"),
        pytest.param("team-a", b"first-key-01234\n56789", id="two lines"),
        pytest.param("team-a", b"\xff" * 20, id="bytes"),
    ],
)
def test_a_file_that_holds_no_key_is_named_without_its_content(
    tmp_path: pathlib.Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(keys.KeysUnusable, match=name) as caught:
        keys.read_keys(tmp_path)
    assert "first-key" not in str(caught.value)
    assert "short" not in str(caught.value)
