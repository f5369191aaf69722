import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.foundation.outbound.urls import Origin, Target


@pytest.mark.parametrize(
    ("text", "origin", "path"),
    [
        ("https://example.okta.com", Origin("https", "example.okta.com", 443), "/"),
        ("HTTPS://Example.Okta.COM:8443/a?b=c#d", Origin("https", "example.okta.com", 8443), "/a?b=c"),
        ("http://127.0.0.1:8081/oauth2/v1/keys", Origin("http", "127.0.0.1", 8081), "/oauth2/v1/keys"),
        ("https://[2606:4700::1111]:444/", Origin("https", "2606:4700::1111", 444), "/"),
        ("https://xn--bcher-kva.example/", Origin("https", "xn--bcher-kva.example", 443), "/"),
    ],
)
def test_address_is_read(text, origin, path):
    assert Target.parse(text) == Target(origin, path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.okta.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user@example.com",
        "https://user:password@example.com",
        "https://example.com@evil.example",
        "https://exa mple.com",
        "https://example.com/\r\nHost: evil.example",
        "https://example.com\\@evil.example",
        "https://b\u00fccher.example",
        "https://example.com:0",
        "https://example.com:65536",
        "https://example.com:x",
        "https://[::1",
        "https://[fe80::1%25eth0]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://-bad.example/",
        "https://bad-.example/",
        "https://a..b/",
        "https://" + "a" * 254,
        "https://example.com/" + "a" * 2048,
    ],
)
def test_address_that_could_be_read_in_two_ways_is_refused(text):
    with pytest.raises(ValueError, match=r"The address"):
        Target.parse(text)


def test_origin_has_no_path():
    assert str(Origin.parse("http://127.0.0.1:8081")) == "http://127.0.0.1:8081"
    assert str(Origin.parse("https://[2606:4700::1]")) == "https://[2606:4700::1]"
    with pytest.raises(ValueError, match="origin"):
        Origin.parse("http://127.0.0.1:8081/path")


def test_redirects_are_resolved_against_the_present_address():
    here = Target.parse("https://a.example/x/y?z")
    assert str(here.join("../w")) == "https://a.example/w"
    assert str(here.join("//b.example/c")) == "https://b.example/c"
    with pytest.raises(ValueError, match="redirect"):
        here.join("javascript:alert(1)")


def test_query_stays_out_of_sentences():
    assert Target.parse("https://a.example/x?code=secret").safe() == "https://a.example/x"


@given(st.text(max_size=60))
def test_reading_an_address_twice_changes_nothing(text):
    """Invariant: what is checked is what is sent; reading the written form again gives the same."""
    for candidate in (text, f"https://{text}", f"https://a.example/{text}"):
        try:
            target = Target.parse(candidate)
        except ValueError:
            continue
        assert Target.parse(str(target)) == target
