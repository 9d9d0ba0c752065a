"""The receipt code of a report: made from what was typed, kept only as a hash."""

import hashlib
import hmac

from django.conf import settings

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: nothing that reads like something else


def code_for(submission: str, typed: str = "") -> str:
    """The receipt code of a submission: 80 bits in four groups that can be read over a telephone. Made from the form's
    own random id and what was typed, under our key: the same form sent twice gives one report and the same code again,
    and a form that was changed in between gives another.
    """
    digest = hmac.digest(settings.LINK_KEY.encode(), f"receipt:{submission}:{typed}".encode(), "sha256")
    number = int.from_bytes(digest[:10])
    letters = "".join(CODE_ALPHABET[number >> (5 * position) & 31] for position in range(16))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def hashed_code(code: str) -> str:
    """Case, spaces and hyphens do not matter, and O, I and L are taken for the digits they look like."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.translate(str.maketrans("OIL", "011")).encode()).hexdigest()
