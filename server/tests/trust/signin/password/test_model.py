from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.trust.signin.password.model import ACCOUNT_PACE, ADDRESS_PACE, HOME, address_key, safe_target

SITE = "https://id.example.com/signin"


@given(st.text(st.sampled_from("/\\:@.?#%\t\n\r abehtps\x00\x1f\x7f\u3002"), max_size=30))
def test_a_target_that_passes_stays_on_this_site(text):
    target = safe_target(text)
    assert target.startswith("/")
    # What browsers do before they resolve an address: drop tabs and line ends, read \ as /.
    seen = "".join(character for character in target if character not in "\t\n\r").replace("\\", "/").strip()
    assert urlsplit(urljoin(SITE, seen)).netloc == "id.example.com"


@pytest.mark.parametrize("target", ["/admin/users?q=state:staged&page=2", "/", "/admin/devices/1#keys", "/signin-ins"])
def test_pages_of_this_site_pass(target):
    assert safe_target(target) == target


@pytest.mark.parametrize(
    "target",
    ["", "admin", "https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "/a b",
     "/signin", "/signin?next=/x", "/signin/confirm", "/signout", "/\u3002evil", "/" + "a" * 2000],
)  # fmt: skip
def test_other_targets_lead_home(target):
    assert safe_target(target) == HOME


def test_delay_is_nothing_at_first_then_doubles_up_to_its_longest():
    seconds = [ACCOUNT_PACE.delay(failures).total_seconds() for failures in range(20)]
    assert seconds[:9] == [0, 0, 0, 0, 0, 1, 2, 4, 8]
    assert seconds == sorted(seconds)
    assert max(seconds) == 900
    assert ADDRESS_PACE.delay(10**9) == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("nonsense", "nonsense", True),
    ],
)
def test_addresses_count_together_when_one_customer_has_them(one, other, same):
    assert (address_key(one) == address_key(other)) is same
