"""Which certificate authorities are trusted beside the public ones, and what a certificate that is not trusted means.

Owns where they come from: `names.AUTHORITIES_VARIABLE`, which names a file as it does for the AWS tools, and the key
`names.AUTHORITIES_KEY` of the Secret with a bucket's credentials. Must not connect.
"""

import functools
import hashlib
import os
import pathlib
import ssl
import tempfile
from typing import Final

from urllib3.util.ssl_match_hostname import CertificateError

from darkroom_api import names
from darkroom_api.run_config import StorageAccess
from darkroom_storage.credentials import find_field
from darkroom_storage.errors import StorageMisconfigured

_UNKNOWN_AUTHORITY: Final = (18, 19, 20, 21)
"""OpenSSL's codes for certificates that end in no authority that is trusted (X509_V_ERR_*)."""


def read_authorities(access: StorageAccess) -> str:
    """Return the further authorities as PEM; StorageMisconfigured for a file that holds something else."""
    found = []
    named = os.environ.get(names.AUTHORITIES_VARIABLE)
    if named:
        found.append(_read(pathlib.Path(named), f"{names.AUTHORITIES_VARIABLE}={named}"))
    if access.credentials_dir is not None:
        path = pathlib.Path(access.credentials_dir) / names.AUTHORITIES_KEY
        if path.is_file():
            found.append(_read(path, f"{find_field(access)}: key {names.AUTHORITIES_KEY} of the Secret"))
    return "\n".join(found)


def _read(path: pathlib.Path, where: str) -> str:
    try:
        text = path.read_text(encoding="ascii", errors="ignore")
        _check(text)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        message = f"{where}: is not a list of certificates in PEM ({type(error).__name__}); write it again"
        raise StorageMisconfigured(message) from error
    return text


@functools.lru_cache(maxsize=8)
def _check(text: str) -> None:
    """Raise ssl.SSLError or ValueError where this is no PEM; a system's whole list takes 50 ms, at each opening."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)


def build_context(authorities: str) -> ssl.SSLContext:
    """Return a context that trusts the public authorities and these."""
    context = ssl.create_default_context()
    if authorities:
        context.load_verify_locations(cadata=authorities)
    return context


def write_bundle(public: pathlib.Path, authorities: str) -> str | None:
    """Return the path of a file with the public authorities and these; None where there are no others."""
    if not authorities:
        return None
    text = f"{public.read_text(encoding='utf-8')}\n{authorities}"
    path = pathlib.Path(tempfile.gettempdir()) / f"authorities-{hashlib.sha256(text.encode()).hexdigest()[:16]}.pem"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as part:
            part.write(text)
        pathlib.Path(part.name).replace(path)
    return str(path)


def explain_refusal(error: BaseException) -> str | None:
    """Return what is wrong with a server's certificate where that is the cause of `error`, and what to do."""
    cause = _find_cause(error)
    if cause is None:
        return None
    said = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else str(cause)
    if isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_code in _UNKNOWN_AUTHORITY:
        return (
            f"{said}; give its authority as key {names.AUTHORITIES_KEY} of the Secret with the "
            "bucket's credentials, in trainer.certificateAuthorities of the installation, or, without a cluster, in a "
            f"file that {names.AUTHORITIES_VARIABLE} names"
        )
    return f"{said}; have the server's certificate renewed, or use the name that it is for"


def _find_cause(error: BaseException | None) -> ssl.SSLCertVerificationError | CertificateError | None:
    seen: set[int] = set()
    pending = [error]
    while pending:
        found = pending.pop()
        if found is None or id(found) in seen:
            continue
        if isinstance(found, ssl.SSLCertVerificationError | CertificateError):
            return found
        seen.add(id(found))
        inner = [found.__cause__, found.__context__, *(part for part in found.args if isinstance(part, BaseException))]
        pending += inner
    return None
