"""Another signing key: the old one signs that the new one follows, and stays beside it, since what it signed stays."""

from collections.abc import Callable
from pathlib import Path

from django.db import transaction

from tipstaff.ledger import keys
from tipstaff.ledger.append import Entry, append
from tipstaff.ledger.disclosures import b64url
from tipstaff.ledger.sequencer import sequence
from tipstaff.time import now


def rotate(path: Path, *, sign: Callable[..., int] = sequence) -> tuple[str, str, Path]:
    """Replace the key in `path`; returns the id of the old key, that of the new one, and where the old one is kept.

    Killed at any moment, it can be run again: until the last step the old key is the key, and the new one waits in
    `<path>.next`. Refused if there is no key yet. Sequencers read the key when they start, so they are stopped before.
    """
    if not path.exists():
        raise keys.KeyRefused(f"{path} holds no key yet: the sequencer makes one when it first starts.")
    old_kid, old = keys.load_or_create(path)
    coming = path.with_name(f"{path.name}.next")
    kid, new = keys.load_or_create(coming)
    told = {
        "actor": {"kind": "system", "ref": "system:ledger"},
        "facts.old": old_kid,
        "facts.new": {"kid": kid, "kty": "OKP", "crv": "Ed25519", "x": b64url(keys.raw_public(new))},
    }
    with transaction.atomic():
        append([Entry(stream="ledger:keys", kind="ledger.key_rotated", at=now(), told=told)])
    while sign(kid=old_kid, key=old):
        pass
    kept = path.with_name(f"{path.name}.{old_kid}")
    kept.unlink(missing_ok=True)
    kept.hardlink_to(path)
    coming.replace(path)
    return old_kid, kid, kept
