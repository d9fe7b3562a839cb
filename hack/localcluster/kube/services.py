"""Whether the Services of the cluster answer, asked from the host in their own protocols. Reads only.

After a restart the API server still holds the last state of the pods, and a gateway may accept a connection to any
address, so neither a status nor an open connection proves anything.
"""

import http.client
import secrets
import socket

from hack.localcluster.state import API_SERVICE_ADDRESS, DNS_ADDRESS, S3_ADDRESS, S3_PORT

SECONDS = 1.0
S3_HEALTH = "/healthz"
KNOWN_NAME = "kubernetes.default.svc.cluster.local"


def dns_query(name: str) -> bytes:
    header = secrets.token_bytes(2) + bytes.fromhex("01000001000000000000")
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return header + labels + bytes.fromhex("0000010001")


def dns_answers() -> bool:
    """The API server's name resolves to the API server's address."""
    query = dns_query(KNOWN_NAME)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(SECONDS)
            client.sendto(query, (DNS_ADDRESS, 53))
            answer = client.recv(512)
    except OSError:
        return False
    return answer[:2] == query[:2] and answer.endswith(socket.inet_aton(API_SERVICE_ADDRESS))


def s3_answers() -> bool:
    connection = http.client.HTTPConnection(S3_ADDRESS, S3_PORT, timeout=SECONDS)
    try:
        connection.request("GET", S3_HEALTH)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
