"""All routes about products on shelves: runs, planograms, pictures put together. Must not do anything itself."""

from starlette.routing import BaseRoute

from darkroom_server.routes.parts import Parts
from darkroom_server.routes.products import product_runs
from darkroom_server.routes.shelf import compositions, planograms


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return them."""
    return [*product_runs.list_routes(parts), *planograms.list_routes(parts), *compositions.list_routes(parts)]
