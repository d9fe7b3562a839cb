"""The routes about products on shelves."""

from starlette.routing import Route

from darkroom_server.routes.products.product_routes import list_routes
from tests.support.server.parts import some_parts


def test_each_family_of_routes_is_there() -> None:
    paths = {route.path for route in list_routes(some_parts()) if isinstance(route, Route)}
    for family in ("productrecognition/{model}/runs", "planogramcompliance:match", "imagecomposition:rectify"):
        assert f"/computervision/{family}" in paths
