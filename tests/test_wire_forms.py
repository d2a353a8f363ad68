"""Forms on the wire: every one there and back, and some as the kernel's headers lay them out."""

from __future__ import annotations

import pytest

from netapply.kernel.wire.forms import FORMS
from netapply.model.attribute import Value

SAMPLES: dict[str, tuple[Value, ...]] = {
    "addresses": ((), ("192.0.2.1",), ("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "fe80::1")),
    "hex64": ("02005e1000010001", "0000000000000001"),
    "mac": ("02:00:5e:10:00:01", "00:00:00:00:00:00"),
    "ports": ("40000-50000", "7", None),
    "mac list": (None, ("02:00:5e:10:00:01",), ("02:00:5e:10:00:01", "02:00:5e:10:00:02")),
    "presence": (True,),
    "qos map": (None, ("1:3",), ("0:7", "2:1", "4294967295:6")),
}


def test_every_form_has_samples() -> None:
    assert SAMPLES.keys() == FORMS.keys()


@pytest.mark.parametrize(("form", "value"), [(form, value) for form, values in SAMPLES.items() for value in values])
def test_what_is_packed_is_read_again(form: str, value: Value) -> None:
    pack, unpack = FORMS[form]
    assert unpack(pack("" if value is None else value)) == value


def test_a_switch_may_be_sent_bare_and_read_with_a_value() -> None:
    _, unpack = FORMS["presence"]
    assert [unpack(data) for data in (b"", b"\1", b"\0")] == [True, True, False]


def test_an_array_is_numbered_from_zero() -> None:
    pack, _ = FORMS["addresses"]
    assert pack(("192.0.2.1", "192.0.2.2")) == bytes.fromhex("08000000 c0000201 08000100 c0000202")
