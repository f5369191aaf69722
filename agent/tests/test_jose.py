import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport_agent.jose import JoseError, decode_base64url, encode_base64url, parse_json_object, thumbprint


def test_the_thumbprint_is_that_of_rfc_8037_appendix_a_3():
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "use": "sig"}
    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@given(st.binary(max_size=100))
def test_base64url_goes_there_and_back(raw):
    assert decode_base64url(encode_base64url(raw)) == raw


@given(st.text(max_size=12))
def test_each_value_has_one_text(text):
    try:
        raw = decode_base64url(text)
    except JoseError:
        return
    assert encode_base64url(raw) == text


@pytest.mark.parametrize("raw", [b'{"a":1,"a":2}', b"[]", b"1", b"", b"{", b'{"a":NaN}', b"\xff", b"[" * 100_000])
def test_only_one_plain_object_is_read(raw):
    with pytest.raises(JoseError):
        parse_json_object(raw)
