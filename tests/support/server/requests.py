"""Requests as the application sees them, without a server."""

from starlette.requests import Request


def a_request(path: str = "/", query: str = "", headers: dict[str, str] | None = None, method: str = "GET") -> Request:
    """Return a request without a body."""
    named = {"host": "vision.example"} | (headers or {})
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": raw}
    return Request(scope | {"scheme": "https", "server": ("10.0.0.1", 8080), "root_path": ""})
