"""The application: all routes, with one way to say what went wrong.

Owns the list of the modules of routes. Must not know where resources live, or how it is served.
"""

from collections.abc import Callable
from typing import Final

from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp

from darkroom_server.http.envelope import Envelope
from darkroom_server.pages import page_routes
from darkroom_server.routes import (
    analysis,
    custom_vision,
    datasets,
    evaluations,
    inference,
    label_studio,
    models,
)
from darkroom_server.routes.parts import Parts
from darkroom_server.routes.products import product_routes

ROUTES: Final[tuple[Callable[[Parts], list[BaseRoute]], ...]] = (
    datasets.list_routes,
    models.list_routes,
    evaluations.list_routes,
    analysis.list_routes,
    product_routes.list_routes,
    custom_vision.list_routes,
    inference.list_routes,
    label_studio.list_routes,
    page_routes.list_routes,
)


def build_app(parts: Parts) -> ASGIApp:
    """Return the ASGI application over `parts`."""
    routes = [route for list_routes in ROUTES for route in list_routes(parts)]
    return Envelope(Router(routes, redirect_slashes=False), parts.room)
