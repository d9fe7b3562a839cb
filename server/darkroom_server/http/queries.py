"""Query strings, whose names clients write in any case. Must not know which names a route takes."""

from starlette.requests import Request


def read_query(request: Request) -> dict[str, str]:
    """Return the query by its names in small letters; of a name that comes twice, the last value."""
    return {name.lower(): value for name, value in request.query_params.multi_items()}
