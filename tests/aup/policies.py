"""A policy of these tests' own in each of its states, reached by calling operations, whatever else is in force."""

import shutil
from datetime import timedelta

from aup import loading
from aup.models import PolicyVersion, SignOff
from tipstaff.accounts.models import User
from tipstaff.time import moved_to, now
from tipstaff.workflow.actors import System

SYSTEM = System("tests")
NUMBER = "9.0"
TITLE = "Policy under test"


def enrolled(name: str, *roles: str) -> User:
    person = User(email=f"{name}@policy.example", name=name.capitalize(), roles=list(roles))
    person.enrol(actor=SYSTEM)
    return person


def enrolled_signers() -> dict[str, User]:
    return {function: enrolled(function, function) for function in SignOff.Function.values}


def under_another_name(directory, *, translations=False):
    """The default policy's files with another title and number, so that the one in force is not in the way."""
    if translations:
        shutil.copytree(loading.DATA / "translations", directory / "translations")
    for name in ("taxonomy.yaml", "decision_matrix.yaml", "policy.yaml"):
        text = (loading.DATA / name).read_text()
        if name == "policy.yaml":
            text = text.replace("title: Acceptable use policy", f"title: {TITLE}").replace('"1.0"', f'"{NUMBER}"')
        (directory / name).write_text(text)
    return directory


def signed_by_all(draft: PolicyVersion, editor: User, signers: dict[str, User]) -> PolicyVersion:
    """In review, with all four signatures and a date ahead."""
    draft.schedule(actor=editor, effective_from=now() + timedelta(days=7))
    draft.submit(actor=editor)
    for function, person in signers.items():
        getattr(draft, f"sign_{function}")(actor=person)
    return draft


def approved(draft: PolicyVersion, editor: User, signers: dict[str, User]) -> PolicyVersion:
    signed_by_all(draft, editor, signers).approve(actor=editor)
    return draft


def published_an_hour_ago(editor: User, signers: dict[str, User]) -> PolicyVersion:
    then = now() - timedelta(hours=1)
    with moved_to(then):
        return loading.publish_default(loading.draft_default(editor), editor, signers, effective_from=then)


def next_version(version: PolicyVersion, editor: User, *, change=None, **said) -> PolicyVersion:
    """A second draft of the same documents; `change(documents)` edits them first."""
    documents = loading.default_documents()
    if change:
        change(documents)
    said = {"number": "9.1", "rationale": "Clearer words.", "scope": version.scope} | said
    draft = loading.prepare(documents, policy=version.policy, **said)
    taxonomy, matrix = documents.digests
    draft.draft(actor=editor, taxonomy_sha256=taxonomy, matrix_sha256=matrix)
    return draft


def rule_in(documents, code: str):
    """The rule `code` of the documents, to be edited."""
    return next(rule for group in documents.taxonomy["groups"] for rule in group["rules"] if rule["code"] == code)
