"""A policy of these tests' own in each of its states, reached by calling operations, whatever else is in force."""

from datetime import timedelta

import pytest

from aup import loading
from aup.models import PolicyVersion, SignOff
from tipstaff.accounts.models import User
from tipstaff.permissions import Role
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import System

SYSTEM = System("tests")
NUMBER = "9.0"
TITLE = "Policy under test"


def enrolled(name: str, *roles: str) -> User:
    person = User(email=f"{name}@policy.example", name=name.capitalize(), roles=list(roles))
    person.enrol(actor=SYSTEM)
    return person


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The default policy under another title and number, so that the one the suite began with is not in the way."""
    for name in ("taxonomy.yaml", "decision_matrix.yaml", "policy.yaml"):
        text = (loading.DATA / name).read_text()
        if name == "policy.yaml":
            text = text.replace("title: Acceptable use policy", f"title: {TITLE}").replace('"1.0"', f'"{NUMBER}"')
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(loading, "DATA", tmp_path)
    return tmp_path


@pytest.fixture
def editor(db) -> User:
    return enrolled("editor", Role.POLICY_EDITOR)


@pytest.fixture
def signers(db) -> dict[str, User]:
    return {function: enrolled(function, function) for function in SignOff.Function.values}


@pytest.fixture
def draft(editor, files) -> PolicyVersion:
    return loading.draft_default(editor)


@pytest.fixture
def signed(draft, editor, signers) -> PolicyVersion:
    """In review, with all four signatures and a date ahead."""
    draft.schedule(actor=editor, effective_from=now() + timedelta(days=30))
    draft.submit(actor=editor)
    for function, person in signers.items():
        getattr(draft, f"sign_{function}")(actor=person)
    return draft


@pytest.fixture
def published(editor, signers, files) -> PolicyVersion:
    """Published and in force for an hour."""
    then = now() - timedelta(hours=1)
    with moved_to(then):
        return loading.publish_default(loading.draft_default(editor), editor, signers, effective_from=then)
