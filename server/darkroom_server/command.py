"""`darkroom serve --local`: the server of one machine, over a folder, without a cluster.

Owns what a person sees of it, its key, and what is put together. `__main__` is the server of a cluster.
"""

import asyncio
import contextlib
import ipaddress
import os
import pathlib
import secrets
import sys
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from darkroom_api.endpoints import Reach, list_endpoints
from darkroom_server.app import build_app
from darkroom_server.auth.keys import Key, KeyAdmission, KeysUnusable, read_key
from darkroom_server.backends.backend import BackendProblem
from darkroom_server.backends.local_backend import LocalBackend
from darkroom_server.config import AnnotationRules, FetchLimits, RunLimits, ServerConfig
from darkroom_server.pages.session import ROOT
from darkroom_server.routes.parts import build_parts
from darkroom_server.serving import CannotServe, Place, Stopping, serve

NAMESPACE: Final = "default"
KEY_NAME: Final = "key"
"""The file in the folder that keeps the generated key from one start to the next."""
GRACE_SECONDS: Final = 10.0


@dataclass(frozen=True)
class LocalOptions:
    """What the command line says."""

    folder: pathlib.Path
    host: str
    port: int
    certificate: pathlib.Path | None = None
    certificate_key: pathlib.Path | None = None
    key_file: pathlib.Path | None = None
    allowed_urls: tuple[str, ...] = ()
    allowed_folders: tuple[pathlib.Path, ...] = ()
    product_model: str | None = None
    """The Model behind the built-in one of product-recognition runs."""


def run_serve(options: LocalOptions) -> int:
    """Serve until the process is told to stop; returns 0, or 1 after saying what is wrong."""
    try:
        asyncio.run(_serve(options))
    except (KeysUnusable, BackendProblem, CannotServe, OSError) as problem:
        print(f"darkroom serve: {problem}", file=sys.stderr)
        return 1
    return 0


async def _serve(options: LocalOptions) -> None:
    stopping = Stopping()
    stopping.listen()
    async with _working(options) as backend:
        key = _read_key(options)
        parts = build_parts(backend, KeyAdmission([key]), build_config(options))
        _announce(options, key)
        place = Place(options.host, options.port, options.certificate, options.certificate_key)
        async with _running(parts.runs.run()):
            await serve(build_app(parts), place, stopping, 0.0, GRACE_SECONDS)


@contextlib.asynccontextmanager
async def _working(options: LocalOptions) -> AsyncIterator[LocalBackend]:
    """Give the back end of the folder, with its worker at work."""
    backend = LocalBackend(options.folder, options.allowed_urls, options.allowed_folders)
    try:
        async with _running(backend.run()):
            yield backend
    finally:
        backend.close()


@contextlib.asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let something run beside the block, and end with it."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def build_config(options: LocalOptions) -> ServerConfig:
    """Return the limits and what the options allow."""
    reach = Reach(allowed_endpoints=list_endpoints(options.allowed_urls), own_machine=True)
    own = (options.folder, options.folder.resolve())
    rules = AnnotationRules(folders=options.allowed_folders, own_folders=own, reach=reach)
    built_in = (NAMESPACE, options.product_model) if options.product_model else None
    fetching = FetchLimits(allowed_prefixes=options.allowed_urls)
    return ServerConfig(fetching=fetching, annotations=rules, runs=RunLimits(built_in=built_in))


def _read_key(options: LocalOptions) -> Key:
    """Return the key of the file that was given, else the one that was generated at the first start."""
    if options.key_file is not None:
        return read_key(options.key_file, NAMESPACE)
    path = options.folder / KEY_NAME
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"{secrets.token_hex(16)}\n")
    return read_key(path, NAMESPACE)


def _announce(options: LocalOptions, key: Key) -> None:
    """Say where the server is and which key opens it; a key that came from a file is not shown."""
    host = f"[{options.host}]" if ":" in options.host else options.host
    scheme = "http" if options.certificate is None else "https"
    print(f"darkroom serve: {scheme}://{host}:{options.port}, resources in {options.folder}", flush=True)
    if options.key_file is None:
        print(f"key: {key.secret} (kept in {options.folder / KEY_NAME})", flush=True)
    print(f"page: {scheme}://{host}:{options.port}{ROOT}/", flush=True)
    if options.certificate is None and not _is_loopback(options.host):
        print("anybody on the way can read the key: give --tls-cert and --tls-key", file=sys.stderr, flush=True)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
