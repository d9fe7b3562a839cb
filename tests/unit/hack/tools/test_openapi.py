"""The OpenAPI document: valid, and about every route that the server has below its base path."""

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

from darkroom_server.app import ROUTES
from hack.tools import openapi
from tests.support.server.parts import some_parts


def test_the_document_is_valid() -> None:
    assert list(OpenAPIV31SpecValidator(openapi.build_document()).iter_errors()) == []


def test_every_route_is_described_and_every_description_is_of_a_route() -> None:
    parts = some_parts()
    routes = [route for list_routes in ROUTES for route in list_routes(parts) if isinstance(route, Route)]
    served = {
        (method.lower(), route.path)
        for route in routes
        if route.path.startswith("/computervision/")
        for method in (route.methods or set()) - {"HEAD"}
    }
    # A POST to the path of an Evaluation or a run is a PUT that a page of the service forgot to name.
    paths = ("models/{model}/evaluations/{name}", "productrecognition/{model}/runs/{name}")
    forgotten = {("post", f"/computervision/{path}") for path in paths}
    assert served - forgotten == {(operation.method, operation.path) for operation in openapi.OPERATIONS}


@pytest.mark.parametrize(
    ("schema", "keys"),
    [
        ("DatasetRequest", {"annotationKind", "annotationFileUris"}),
        ("ModelRequest", {"trainingParameters"}),
        ("EvaluationRequest", {"evaluationParameters"}),
        ("DatasetPatch", set()),
    ],
)
def test_keys_are_written_as_clients_write_them_and_only_what_is_needed_is_required(
    schema: str, keys: set[str]
) -> None:
    described = openapi.build_document()["components"]["schemas"][schema]
    assert set(described.get("required", ())) == keys
    assert keys <= set(described["properties"])


def test_a_token_is_only_ever_sent() -> None:
    schemas = openapi.build_document()["components"]["schemas"]
    assert schemas["Authentication"]["properties"]["sasToken"]["writeOnly"] is True
