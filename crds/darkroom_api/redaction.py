"""What may not leave a run in any text: user names in URLs, signed queries, Authorization headers, keys.

Owns the one rule by which logs, statuses, reports and Events are cleaned. Must not do: know where a text goes.
"""

import re
from collections.abc import Collection
from typing import Any, Final

HIDDEN: Final = "***"
MIN_SECRET_LENGTH: Final = 8
"""A shorter value may be part of ordinary words."""

_PICTURE: Final = "data:image/"
_SIGNS: Final = re.compile(
    r"[?&;](sig|signature|token|access_token|sas|key|api_?key|password|secret|awsaccesskeyid|x-(amz|goog)-[a-z-]+)=",
    re.IGNORECASE,
)
_RULES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # A user name or a password before the host of a URL.
        (r"(?<=://)[^\s/?#@\"'<>]{1,1000}@", ""),
        # A signing part that stands alone.
        (r"\b(sig|x-amz-signature|x-amz-security-token|x-amz-credential)(=|%3d)[^\s&\"'<>]+", rf"\1\2{HIDDEN}"),
        # Headers that sign a request, as they are, in a mapping, or as libraries quote a bad one.
        (r"\b(AWS4-HMAC-SHA256) [^\"'\r\n]+", rf"\1 {HIDDEN}"),
        (r"\b(Bearer|Basic|SharedKey) [a-z0-9+/=._~:-]{16,}", rf"\1 {HIDDEN}"),
        (r"\b(authorization|x-amz-security-token)(\"?'?[:=] ?)[^\s,}][^\r\n,}]*", rf"\1\2{HIDDEN}"),
        (r"\b(Invalid header value )b?(?:'[^']*'|\"[^\"]*\")", rf"\1{HIDDEN}"),
        # The id of an AWS key; temporary ones too.
        (r"\b(?-i:(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16})\b", HIDDEN),
    )
)
"""Each takes time that grows with the length of a text only: strangers choose names of files."""
_QUERY: Final = re.compile(r"\?[^\s\"'<>]+")
_MAY_SIGN: Final = re.compile(
    r"[?@]|sig|amz|AWS4|Bearer|Basic|SharedKey|authorization|header|A[KSGIR][IPDO]A", re.IGNORECASE
)
"""What each of these rules needs: nearly every line of a log holds nothing of it, and is left alone at once."""


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """Return `text` without anything that lets its reader in; `secrets` are values that are known to do so."""
    for secret in secrets:
        for part in secret.split():
            text = text.replace(part, HIDDEN) if len(part) >= MIN_SECRET_LENGTH else text
    if not _MAY_SIGN.search(text):
        return text
    # The whole query of which a part signs it: the other parts belong to the signature.
    text = _QUERY.sub(lambda found: f"?{HIDDEN}" if _SIGNS.search(found[0]) else found[0], text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def redact_tree(value: Any, secrets: Collection[str] = ()) -> Any:
    """Return JSON with every text in it redacted, keys included; what is no JSON becomes a text."""
    if isinstance(value, dict):
        return {redact(str(key), secrets): redact_tree(entry, secrets) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [redact_tree(entry, secrets) for entry in value]
    if value is None or isinstance(value, int | float):
        return value
    return value if isinstance(value, str) and value.startswith(_PICTURE) else redact(str(value), secrets)
