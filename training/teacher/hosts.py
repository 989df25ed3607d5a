"""Where notes may be sent. They are patient data: this machine, private networks, and the hosts
that a person has named."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from training.teacher.errors import HostRefusedError

_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    )
)

Resolve = Callable[[str], Iterable[str]]


def resolve(host: str) -> list[str]:
    """The addresses of a name; none where it has none."""
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None)]
    except (OSError, UnicodeError):
        return []


def check_host(
    base_url: str,
    allow_hosts: Iterable[str] = (),
    any_host: bool = False,
    resolve: Resolve = resolve,
) -> None:
    """Passes an http(s) address on this machine, in a private network, or allowed by name.

    A name counts as private only if every address it stands for is. Raises HostRefusedError, also
    for an address that carries a user or password, which would end up in the manifest.
    """
    try:
        parts = urlsplit(base_url)
        host = (parts.hostname or "").rstrip(".")
        parts.port  # noqa: B018 (raises where it is no number)
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host:
        raise HostRefusedError(
            "teacher: base_url is no address of a server; it looks like http://HOST:PORT/v1"
        )
    if parts.username is not None or parts.password is not None:
        raise HostRefusedError(
            "teacher: base_url carries a user or a password; "
            "put the key into the environment (CHARTSIFT_TEACHER_KEY)"
        )
    allowed = {name.casefold().rstrip(".") for name in allow_hosts}
    if any_host or host.casefold() in allowed or is_private(host, resolve):
        return
    raise HostRefusedError(
        f"teacher: {host} is neither this machine nor in a private network, and notes are patient "
        f"data. If they may be sent there, add it: allow_hosts: [{host}]. If all notes are "
        "de-identified and may leave for any host: send_phi_to_any_host: true"
    )


def is_private(host: str, resolve: Resolve = resolve) -> bool:
    """Whether an address, or every address of a name, is of this machine or a private network."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    if (literal := _address(host)) is not None:
        return _in_private(literal)
    found = [_address(address) for address in resolve(host)]
    return bool(found) and all(address and _in_private(address) for address in found)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _in_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in network for network in _PRIVATE)
