"""The default policy: drafted from the files in `aup/data`, and published by four people who sign it."""

from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from aup import translated
from aup.documents import Documents, parsed
from aup.models import Policy, PolicyVersion, SignOff
from aup.wording import targets
from tipstaff.accounts.models import User
from tipstaff.time import now
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.unit import in_unit_of_work

DATA = Path(__file__).parent / "data"


def prepare(documents: Documents, *, policy: Policy, number: str, **said: Any) -> PolicyVersion:
    """An unsaved version that `draft` fills from `documents`; `said`: rationale, changelog, summary, scope."""
    version = PolicyVersion(policy=policy, number=number, **said)
    version.documents = documents
    return version


def draft_from(version: PolicyVersion, *, actor: Actor, number: str) -> PolicyVersion:
    """A new draft that says what `version` says, under its own `number`; why and what changes is still to be said."""
    documents = Documents.of(version)
    said = {"summary": version.summary, "scope": version.scope}
    draft = prepare(documents, policy=version.policy, number=number, **said)
    taxonomy, matrix = documents.digests
    draft.draft(actor=actor, taxonomy_sha256=taxonomy, matrix_sha256=matrix, based_on=version)
    return draft


def default_documents() -> Documents:
    return Documents.read((DATA / "taxonomy.yaml").read_bytes(), (DATA / "decision_matrix.yaml").read_bytes())


def default_translations() -> dict[str, Any]:
    """Of the default policy, which is written in English: a file for each language."""
    files = {language: DATA / "translations" / f"{language}.yaml" for language in targets()}
    if settings.POLICY_LANGUAGE != "en":
        return {}
    return {language: parsed(path.read_bytes()) for language, path in files.items() if path.exists()}


def draft_default(actor: Actor) -> PolicyVersion:
    """The first version of the default policy: drafted if there is none, else as it is by now."""
    said = yaml.safe_load((DATA / "policy.yaml").read_text())
    title, binding_instrument = said.pop("title"), said.pop("binding_instrument")

    def act(_work: Any) -> PolicyVersion:
        policy = Policy.objects.filter(title=title).first()
        if policy is None:
            policy = Policy(title=title, publisher=settings.PROVIDER_NAME, binding_instrument=binding_instrument)
            policy.adopt(actor=actor)
        if version := policy.versions.filter(number=said["number"]).first():
            return version
        documents = default_documents()
        version = prepare(documents, policy=policy, **said)
        taxonomy, matrix = documents.digests
        version.draft(actor=actor, taxonomy_sha256=taxonomy, matrix_sha256=matrix)
        translated.bring_in(version, default_translations(), actor=actor)
        return version

    return in_unit_of_work(act)


def publish_default(
    version: PolicyVersion, editor: User, signers: dict[str, User], effective_from: datetime | None = None
) -> PolicyVersion:
    """Take a draft through review to publication: `signers` by function (`SignOff.Function`), four different people.

    In force from `effective_from`, or from now. A version that is published already is returned as it is.
    """
    if version.state == PolicyVersion.State.PUBLISHED:
        return version

    def act(_work: Any) -> PolicyVersion:
        version.schedule(actor=editor, effective_from=effective_from or now())
        version.submit(actor=editor)
        for function in SignOff.Function.values:
            getattr(version, f"sign_{function}")(actor=signers[function])
        version.approve(actor=editor)
        version.publish(actor=editor)
        return version

    return in_unit_of_work(act)
