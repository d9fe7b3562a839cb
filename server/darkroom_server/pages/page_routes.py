"""All routes of the page, in one list. Must not know what any screen shows."""

from starlette.routing import BaseRoute

from darkroom_server.pages import (
    dataset_screens,
    evaluation_screens,
    model_screens,
    new_screens,
    prediction_screens,
    sign_in,
)
from darkroom_server.routes.parts import Parts

_MODULES = (sign_in, model_screens, dataset_screens, evaluation_screens, new_screens, prediction_screens)


def list_routes(parts: Parts) -> list[BaseRoute]:
    """Return the routes of all screens."""
    return [route for module in _MODULES for route in module.list_routes(parts)]
