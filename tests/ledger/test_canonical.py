"""`disclosures.canonical` writes short facts itself; byte for byte as the library does, and it refuses the same."""

import math
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from tipstaff.ledger import disclosures

# What JSON can carry, and what Python has beside it: too large numbers, no numbers, half characters, other objects.
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(categories=None) | st.characters(max_codepoint=0x9F))
    | st.binary(max_size=3)
    | st.dates()
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


def outcome(write: Any, value: Any) -> bytes | type[Exception]:
    """What is written, or in which way it is refused."""
    try:
        return bytes(write(value))
    except Exception as refusal:
        return type(refusal)


@given(values)
@example("\ud800")
@example(["\udfff", None])
@example({"\ud800": 1})
@example(2**53)
@example([-(2**53) - 1])
@example(math.nan)
@example([1e21, -0.0, 5e-324])
@example('\x00\x1f\x7f\u2028"\\/')
@example([True, 1, 1.0, False, 0])
def test_the_same_bytes_or_the_same_refusal_as_the_library(value: Any) -> None:
    assert outcome(disclosures.canonical, value) == outcome(rfc8785.dumps, value)


@given(st.text(max_size=8), st.text(max_size=8), values)
def test_a_disclosure_is_the_canonical_form_of_its_three_parts(salt: str, name: str, value: Any) -> None:
    def whole(parts: list[Any]) -> bytes:
        return disclosures.b64url(rfc8785.dumps(parts)).encode()

    def joined(parts: list[Any]) -> bytes:
        return disclosures.encode(*parts).encode()

    assert outcome(joined, [salt, name, value]) == outcome(whole, [salt, name, value])


class Word(str):
    __slots__ = ()


@pytest.mark.parametrize("value", [Word("a\nb"), [Word("x")], (1, "two"), {"b": [None, True], "a": "é"}])
def test_kinds_of_words_and_lists(value: Any) -> None:
    assert disclosures.canonical(value) == rfc8785.dumps(value)
