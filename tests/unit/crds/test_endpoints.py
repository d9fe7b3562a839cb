"""Which addresses a run may reach, by their text and by what they resolve to."""

import pytest

from darkroom_api.endpoints import (
    EndpointProblem,
    Origin,
    Reach,
    check_address,
    check_entry,
    check_text,
    find_origin,
    is_public,
    list_endpoints,
)

LISTED = Reach(
    allowed_endpoints=(
        "http://s3.storage.svc:9000",
        "https://10.0.0.5",
        "images.corp.test",
        "https://*.blob.corp.test",
        "https://[fd00::1]:8443",
        "http://169.254.169.254",
        "http://127.0.0.1:9000",
        "https://kubernetes.default.svc",
    )
)
NOTHING = Reach()

PERMITTED = {
    "a public host": ("https://files.example.org/a.json", NOTHING),
    "a public address": ("https://93.184.216.34", NOTHING),
    "plain http that is listed": ("http://s3.storage.svc:9000", LISTED),
    "a private address that is listed": ("https://10.0.0.5/a", LISTED),
    "a host that is listed without a scheme": ("https://images.corp.test", LISTED),
    "a host below a listed one": ("https://a.blob.corp.test", LISTED),
    "a listed host in capitals and with a final dot": ("https://IMAGES.corp.test./a", LISTED),
    "a listed address of IPv6": ("https://[fd00:0::1]:8443", LISTED),
}


@pytest.mark.parametrize(("url", "reach"), PERMITTED.values(), ids=PERMITTED.keys())
def test_a_run_may_go_to(url: str, reach: Reach) -> None:
    assert check_text(url, reach).host


FORBIDDEN = {
    "plain http": ("http://files.example.org", NOTHING, "plain http"),
    "another port of a listed host": ("http://s3.storage.svc:9001", LISTED, "plain http"),
    "https on a host that is listed for http": ("https://s3.storage.svc:9000", LISTED, "is no public host"),
    "a private address": ("https://10.0.0.6", LISTED, "add https://10.0.0.6 to allowedEndpoints"),
    "a private address in IPv6": ("https://[::ffff:10.0.0.5]", LISTED, "not a public address"),
    "a Service": ("https://minio.storage.svc", NOTHING, "is no public host"),
    "a name without a dot": ("https://minio", NOTHING, "is no public host"),
    "a link-local address, though listed": ("http://169.254.169.254", LISTED, "link-local address, which no run"),
    "loopback, though listed": ("http://127.0.0.1:9000", LISTED, "loopback address, which no run"),
    "loopback as a short number": ("https://127.1", NOTHING, "loopback"),
    "loopback as one number": ("https://2130706433", NOTHING, "loopback"),
    "loopback by name": ("https://localhost", NOTHING, "loopback"),
    "a name below localhost": ("https://a.localhost", NOTHING, "loopback"),
    "no address": ("https://0.0.0.0", NOTHING, "no address of a host"),
    "multicast": ("https://224.0.0.1", NOTHING, "multicast"),
    "the platform of a cloud": ("https://168.63.129.16", NOTHING, "cloud platform"),
    "metadata in IPv6": ("https://[fd00:ec2::254]", NOTHING, "cloud platform"),
    "the API server, though listed": ("https://kubernetes.default.svc", LISTED, "API server"),
    "the API server by its long name": ("https://kubernetes.default.svc.cluster.local", NOTHING, "API server"),
    "a password": ("https://me:secret@files.example.org", NOTHING, "a user name or a password"),
    "a user name": ("https://me@10.0.0.5", LISTED, "a user name or a password"),
    "no host": ("https:///a", NOTHING, "names no host"),
    "another scheme": ("ftp://files.example.org", NOTHING, "names no host"),
    "an impossible port": ("https://files.example.org:99999", NOTHING, "not a URL"),
}


@pytest.mark.parametrize(("url", "reach", "says"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_no_run_may_go_to(url: str, reach: Reach, says: str) -> None:
    with pytest.raises(EndpointProblem, match=says) as problem:
        check_text(url, reach)
    assert "secret" not in str(problem.value)


RESOLVED = {
    "a public name at a public address": ("https://a.example.org", "93.184.216.34", NOTHING, ""),
    "a public name at a private address": ("https://a.example.org", "10.0.0.1", NOTHING, "not a public address"),
    "a listed name at a private address": ("https://images.corp.test", "10.0.0.1", LISTED, ""),
    "a listed name that leads to metadata": ("https://images.corp.test", "169.254.169.254", LISTED, "link-local"),
    "a listed name that leads to loopback": ("https://images.corp.test", "::1", LISTED, "loopback"),
    "a listed name that leads to the API server": ("https://images.corp.test", "10.96.0.1", LISTED, "API server"),
    "metadata behind NAT64": ("https://images.corp.test", "64:ff9b::a9fe:a9fe", LISTED, "link-local"),
    "loopback inside IPv6": ("https://images.corp.test", "::ffff:127.0.0.1", LISTED, "loopback"),
}


@pytest.mark.parametrize(("url", "address", "reach", "says"), RESOLVED.values(), ids=RESOLVED.keys())
def test_what_a_name_resolves_to_counts(url: str, address: str, reach: Reach, says: str) -> None:
    origin = find_origin(url)
    if not says:
        check_address(origin, address, reach, "10.96.0.1")
        return
    with pytest.raises(EndpointProblem, match=says):
        check_address(origin, address, reach, "10.96.0.1")


def test_on_the_users_own_machine_what_the_manifest_names_may_be_anywhere_and_nothing_else() -> None:
    own = Reach(own_machine=True, allowed_endpoints=("https://localhost:5443", "http://127.0.0.1:9000"))
    assert check_text("https://localhost:5443/a", own).port == 5443
    assert check_text("http://127.0.0.1:9000", own).port == 9000
    check_address(find_origin("https://localhost:5443"), "::1", own)
    with pytest.raises(EndpointProblem, match=r"set storage\.endpoint of the Dataset to https://10\.0\.0\.1"):
        check_text("https://10.0.0.1/a.png", own)


@pytest.mark.parametrize(
    "entry", ["http://169.254.169.254", "https://localhost", "https://kubernetes.default.svc", "http://0.0.0.0:80"]
)
def test_an_administrator_is_told_of_an_entry_that_never_counts(entry: str) -> None:
    with pytest.raises(EndpointProblem, match="which no run may reach"):
        check_entry(entry)
    assert check_entry("http://s3.storage.svc:9000") == "http://s3.storage.svc:9000"


def test_the_hosts_of_urls_become_entries_and_what_is_no_host_is_left_out() -> None:
    urls = ("https://a.test/x?y", "https://a.test/z", "s3://bucket/k", "http://B.test:9000/", "https://u:p@c.test", "")
    assert list_endpoints(urls) == ("https://a.test", "http://b.test:9000")
    assert str(Origin("https", "fd00::1", 8443)) == "https://[fd00::1]:8443"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        pytest.param("93.184.216.34", True, id="a public server"),
        pytest.param("2606:2800:220:1::1", True, id="a public server, IPv6"),
        pytest.param("127.0.0.1", False, id="loopback"),
        pytest.param("::1", False, id="loopback, IPv6"),
        pytest.param("169.254.169.254", False, id="a cloud's metadata service"),
        pytest.param("fe80::1%eth0", False, id="link-local"),
        pytest.param("fd00:ec2::254", False, id="metadata, IPv6"),
        pytest.param("10.96.0.1", False, id="a cluster's API server"),
        pytest.param("172.16.0.1", False, id="private B"),
        pytest.param("192.168.1.1", False, id="private C"),
        pytest.param("100.64.0.1", False, id="shared carrier space"),
        pytest.param("0.0.0.0", False, id="this host"),
        pytest.param("::ffff:10.0.0.1", False, id="private IPv4 inside IPv6"),
        pytest.param("64:ff9b::a00:1", False, id="private IPv4 behind NAT64"),
        pytest.param("2002:a00:1::", False, id="private IPv4 behind 6to4"),
        pytest.param("::10.0.0.1", False, id="private IPv4 in the deprecated compatible form"),
        pytest.param("fec0::1", False, id="site-local, IPv6"),
        pytest.param("168.63.129.16", False, id="Azure's services for its machines"),
        pytest.param("192.0.0.192", False, id="Oracle's metadata service"),
        pytest.param("100.100.100.200", False, id="Alibaba's metadata service"),
        pytest.param("224.0.0.1", False, id="multicast"),
        pytest.param("255.255.255.255", False, id="broadcast"),
    ],
)
def test_only_public_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public
