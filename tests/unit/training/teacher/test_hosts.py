"""Where notes may be sent."""

from __future__ import annotations

import pytest

from training.teacher import HostRefusedError
from training.teacher.hosts import check_host

NAMES = {
    "vllm.ml.svc": ["10.4.0.7"],
    "teacher.example.org": ["93.184.216.34"],
    "both.example.org": ["10.4.0.7", "93.184.216.34"],
}


def check(url: str, *allow: str, any_host: bool = False) -> None:
    check_host(url, allow, any_host, lambda name: NAMES.get(name, []))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/v1",
        "http://localhost:8000/v1",
        "http://[::1]:8000/v1",
        "https://192.168.4.2/v1",
        "http://172.31.0.1/v1",
        "http://[fd00::4]/v1",
        "http://[::ffff:10.0.0.1]/v1",
        "http://vllm.ml.svc:8000/v1",
    ],
)
def test_this_machine_and_private_networks_need_no_permission(url: str) -> None:
    check(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://teacher.example.org/v1",
        "https://both.example.org/v1",
        "https://nobody-knows.example.org/v1",
        "http://8.8.8.8/v1",
        "http://172.32.0.1/v1",
        "http://169.254.169.254/v1",
        "http://0.0.0.0:8000/v1",
        "http://[::ffff:8.8.8.8]/v1",
        "http://localhost.example.org/v1",
        "http://127.0.0.1@teacher.example.org/v1",
    ],
)
def test_any_other_host_is_refused(url: str) -> None:
    with pytest.raises(HostRefusedError):
        check(url)


def test_the_refusal_says_how_to_allow_the_host() -> None:
    with pytest.raises(HostRefusedError, match=r"allow_hosts: \[teacher.example.org\]"):
        check("https://teacher.example.org/v1")


def test_a_host_that_was_named_is_allowed_and_no_other() -> None:
    check("https://Teacher.Example.org./v1", "teacher.example.ORG")
    with pytest.raises(HostRefusedError):
        check("https://not.teacher.example.org/v1", "teacher.example.org")


def test_all_hosts_can_be_allowed() -> None:
    check("https://teacher.example.org/v1", any_host=True)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://127.0.0.1", "http://127.0.0.1:x/v1"])
def test_what_is_no_address_is_refused_whatever_is_allowed(url: str) -> None:
    with pytest.raises(HostRefusedError, match="no address"):
        check(url, any_host=True)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(HostRefusedError) as caught:
        check("http://me:secret@127.0.0.1/v1", any_host=True)
    assert "secret" not in str(caught.value)
