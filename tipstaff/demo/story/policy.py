"""The versions of the policy: what was tried, what binds, what was before and what comes."""

import hashlib
import json
from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from aup.digests import digest
from aup.documents import LOADER, Documents
from aup.loading import DATA, default_documents, draft_default, prepare, publish_default
from aup.models import PolicyVersion, SignOff
from tipstaff.accounts.models import User
from tipstaff.demo.story.cast import DEMO
from tipstaff.time import moved_to, now
from tipstaff.workflow.unit import in_unit_of_work

AGE = timedelta(days=420)
VERSIONS = Path(__file__).parent.parent / "prose" / "policy.yaml"


def publish(people: dict[str, User]) -> None:
    """The default policy, signed off by four people and in force for more than a year."""
    with moved_to(now() - AGE):
        version = draft_default(DEMO)
        signers = {function: people[function] for function in SignOff.Function.values}
        publish_default(version, people["policy"], signers, effective_from=now())


def revise(people: dict[str, User], began: datetime) -> None:
    """The versions after the first, each as far as it came, if they are not there."""
    first = PolicyVersion.objects.get(number=said_at_first()["number"])
    documents, bound = default_documents(), first
    if PolicyVersion.objects.count() > 1:
        return
    for given in yaml.load(VERSIONS.read_bytes(), Loader=LOADER):  # noqa: S506  either of the safe ones
        changed = _changed(documents, given)
        with moved_to(began + timedelta(days=given["drafted"])):
            version = _draft(bound, changed, given, people["policy"])
        _take_on(version, given, people, began)
        _renew(version, given.get("renewed", ()), people["policy"], began)
        if given["ends"] == "published":
            documents, bound = changed, version


def said_at_first() -> dict[str, Any]:
    return dict(yaml.safe_load((DATA / "policy.yaml").read_text()))


def _changed(documents: Documents, given: dict[str, Any]) -> Documents:
    """The documents with the rules and cells of `given` put in, and digests of their own."""
    taxonomy, matrix = deepcopy(documents.taxonomy), deepcopy(documents.matrix)
    for group in taxonomy["groups"]:
        for rule in group["rules"]:
            rule |= given["rules"].get(rule["code"], {})
    for cell in given.get("cells", ()):
        row = next(row for row in matrix["matrix"] if all(row[name] == cell[name] for name in row.keys() & AXES))
        row |= cell
    for document, name in ((taxonomy, "taxonomy"), (matrix, "decision_matrix")):
        document[name]["version"] = str(given["number"])
    return Documents(taxonomy, matrix, (_digest(taxonomy), _digest(matrix)))


AXES = {"intent", "sensitivity", "severity"}


def _digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _draft(bound: PolicyVersion, documents: Documents, given: dict[str, Any], editor: User) -> PolicyVersion:
    """With the translations of the version that bound by then: stale wherever the words of the rule changed."""
    version = prepare(
        documents,
        policy=bound.policy,
        number=str(given["number"]),
        rationale=given["rationale"],
        changelog=given["changelog"],
        summary=bound.summary,
        scope=bound.scope,
    )
    taxonomy, matrix = documents.digests
    version.draft(actor=editor, taxonomy_sha256=taxonomy, matrix_sha256=matrix, based_on=bound)
    return version


def _renew(version: PolicyVersion, renewed: Iterable[dict[str, Any]], editor: User, began: datetime) -> None:
    """Translations that somebody brought up to date; the others stay as they were made."""

    def act(_work: Any) -> None:
        for given in renewed:
            row = version.translations.get(rule__code=given["code"], language=given["language"])
            facts = {"seen": digest(row.original()), "opened": digest(row.words)}
            with moved_to(began + timedelta(days=given["day"])):
                row.renew(actor=editor, code=given["code"], words=row.words | given["words"], **facts)

    in_unit_of_work(act)


def _take_on(version: PolicyVersion, given: dict[str, Any], people: dict[str, User], began: datetime) -> None:
    """Schedule, submit and sign, each a day or two after the other, and end as `ends` says."""
    editor, drafted = people["policy"], began + timedelta(days=given["drafted"])
    if given["ends"] == "draft":
        return
    acts = [
        lambda: version.schedule(actor=editor, effective_from=began + timedelta(days=given["effective"])),
        lambda: version.submit(actor=editor),
        *(_signing(version, function, people) for function in given["signed"]),
    ]
    if given["ends"] in ("approved", "published"):
        acts.append(lambda: version.approve(actor=editor))
    if given["ends"] == "published":
        acts.append(lambda: version.publish(actor=editor))
    if given["ends"] == "withdrawn":
        acts.append(lambda: version.withdraw(actor=editor, reason=given["withdrawn"]))
    _one_after_the_other(acts, drafted)


def _signing(version: PolicyVersion, function: str, people: dict[str, User]) -> Any:
    return lambda: getattr(version, f"sign_{function}")(actor=people[function])


def _one_after_the_other(acts: Iterable[Any], since: datetime) -> None:
    def act(_work: Any) -> None:
        for day, one in enumerate(acts, 1):
            with moved_to(since + timedelta(days=day, hours=day % 5)):
                one()

    in_unit_of_work(act)
