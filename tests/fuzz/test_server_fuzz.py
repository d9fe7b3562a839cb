"""Requests of any kind: never a 500, an error in the form of its route, and the next caller is answered."""

import functools
import http.client
import json
import urllib.parse
from collections.abc import Callable
from typing import Any

from hypothesis import given, strategies as st

from darkroom_server.http import bodies, tensors, uploads
from darkroom_server.http.problems import Problem
from tests.fuzz.effort import fuzzed
from tests.support.server.fixtures import RED
from tests.support.server.parts import KEY

NAMES = st.one_of(
    st.sampled_from(
        [
            "classifier",
            "detector",
            "productrecognizer",
            "young",
            "nothing",
            "..",
            ".",
            "a/b",
            "%",
            "\ud800",
            "\x00",
            "A" * 300,
        ]
    ),
    st.text(max_size=20),
)
PATHS = st.sampled_from(
    [
        "/computervision/imageanalysis:analyze",
        "/computervision//imageanalysis:analyze",
        "/computervision/datasets/{}",
        "/computervision/models/{}",
        "/computervision/models/{}:cancel",
        "/computervision/models/{}/evaluations/{}",
        "/computervision/datasets",
        "/computervision/models",
        "/computervision/productrecognition/{}/runs/{}",
        "/computervision/productrecognition/productrecognizer/runs/{}",
        "/computervision/productrecognition/ms-pretrained-product-detection/runs/{}",
        "/computervision/productrecognition/{}/runs",
        "/customvision/v3.1/Prediction/p/classify/iterations/{}/image",
        "/customvision/v3.1/prediction/p/detect/iterations/{}/url/nostore",
        "/v2/models/{}/infer",
        "/v2/models/{}/versions/1/infer",
        "/v2/models/{}",
        "/v2/models/{}/ready",
        "/{}",
    ]
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "X"])
QUERIES = st.dictionaries(
    st.sampled_from(["api-version", "model-name", "features", "model-version", "language", "skip", "top", "Overload"]),
    st.one_of(st.sampled_from(["2023-04-01-preview", "classifier", "tags", "1"]), st.text(max_size=20)),
    max_size=5,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "If-Match", "Inference-Header-Content-Length", "x-ms-client-request-id", "Expect", "Host"]
    ),
    st.one_of(
        st.sampled_from(["application/json", "multipart/form-data; boundary=b", "image/png", "100-continue", "5", "*"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
    ),
    max_size=4,
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["url", "Url", "inputs", "name", "shape", "datatype", "data", "parameters", "annotationKind", "outputs"]
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda found: json.dumps(found).encode()),
    st.integers(0, len(RED)).map(lambda cut: RED[:cut]),
    st.binary(max_size=100).map(lambda data: b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n" + data),
    st.just(b'{"trainingParameters": {"trainingDatasetName": "x", "timeBudgetInHours": 1}}'),
)


@fuzzed
@given(
    method=METHODS, path=PATHS, names=st.tuples(NAMES, NAMES), query=QUERIES, headers=HEADERS, body=BODIES,
    is_keyed=st.sampled_from([True, True, True, False]),
)  # fmt: skip
def test_any_request_is_answered_in_the_form_of_its_route(
    address: str,
    method: str,
    path: str,
    names: tuple[str, str],
    query: dict[str, str],
    headers: dict[str, str],
    body: bytes,
    is_keyed: bool,
) -> None:
    quoted = (urllib.parse.quote(name, safe="/", errors="surrogatepass") for name in names)
    asked = urllib.parse.urlencode(query, errors="surrogatepass")
    key = {"Ocp-Apim-Subscription-Key": KEY} if is_keyed else {}
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
    connection.request(method, f"{path.format(*quoted)}?{asked}", body, headers | key)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.status < 500, text
    assert answer.getheader("apim-request-id")
    if answer.status >= 400 and method != "HEAD":
        _check_form(path.lower(), json.loads(text))


def _check_form(path: str, found: Any) -> None:
    if path.startswith("/customvision"):
        assert set(found) == {"code", "message"}
    elif path.startswith("/v2"):
        assert set(found) == {"error"}
    else:
        assert {"code", "message"} <= set(found["error"]) <= {"code", "message", "target", "details", "innererror"}


@fuzzed
@given(body=BODIES, boundary=st.sampled_from(["b", "", "x", '"b"', "é"]))
def test_any_body_is_read_or_refused(body: bytes, boundary: str) -> None:
    content_type = f"multipart/form-data; boundary={boundary}"
    for read in (bodies.parse_json, uploads.find_url, lambda data: uploads.find_form_image(data, content_type)):
        assert _find_status(functools.partial(read, body)) in (200, 400)


@fuzzed
@given(body=BODIES, length=st.one_of(st.none(), st.integers(-5, 300).map(str), st.text(max_size=5)))
def test_any_tensors_are_read_or_refused(body: bytes, length: str | None) -> None:
    assert _find_status(lambda: tensors.parse_request(body, length)) in (200, 400)


def _find_status(read: Callable[[], object]) -> int:
    try:
        read()
    except Problem as problem:
        return problem.status
    return 200
