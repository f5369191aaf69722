"""What an administrator may type into an IP list, and the links under a refusal."""

from ipaddress import ip_network

import pytest

from homeport.trust.access.model import Link, links_problem, parse_networks


def test_addresses_networks_and_ranges_become_networks():
    found = parse_networks(["203.0.113.7", " 198.51.100.0/24 ", "", "2001:db8::/32", "192.0.2.1 - 192.0.2.2", "203.0.113.7"])
    wanted = ["203.0.113.7/32", "198.51.100.0/24", "2001:db8::/32", "192.0.2.1/32", "192.0.2.2/32"]
    assert found == tuple(ip_network(text) for text in wanted)


@pytest.mark.parametrize(
    "text", ["office", "203.0.113.7/24", "203.0.113.0/33", "192.0.2.9-192.0.2.1", "192.0.2.1-2001:db8::1", "1", "٣.0.0.1", "-",
             "fe80::%eth0/64", "fe80::%\ud800/64", "fe80::1%1", "fe80::1%1-fe80::2%1"]
)  # fmt: skip
def test_what_is_no_address_is_named_in_the_sentence(text):
    with pytest.raises(ValueError, match="is no address") as error:
        parse_networks(["203.0.113.7", text])
    assert f"“{text}”" in str(error.value)


def test_a_list_is_not_endless():
    with pytest.raises(ValueError, match="at most 1000"):
        parse_networks([f"10.0.{number // 256}.{number % 256}" for number in range(1001)])


@pytest.mark.parametrize("url", ["https://help.example.com/why", "mailto:help@example.com"])
def test_a_link_leads_to_a_page_or_a_mailbox(url):
    assert links_problem([Link("Ask", url)]) == ""


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://example.com",
        "//example.com",
        "https://",
        "https://a@b.c/",
        "",
        "x",
        "https://a b.c",
    ],
)
def test_a_link_that_leads_elsewhere_is_refused(url):
    assert "is no address to link to" in links_problem([Link("Ask", url)])
