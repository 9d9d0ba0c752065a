"""Fixtures over `policies.py`, which is imported late: pytest reads this file before Django is set up."""

import pytest


@pytest.fixture
def files(tmp_path, monkeypatch):
    from aup import loading
    from tests.aup import policies

    monkeypatch.setattr(loading, "DATA", policies.under_another_name(tmp_path))
    return tmp_path


@pytest.fixture
def editor(db):
    from tests.aup import policies

    return policies.enrolled("editor", "policy_editor")


@pytest.fixture
def signers(db):
    from tests.aup import policies

    return policies.enrolled_signers()


@pytest.fixture
def draft(editor, files):
    from aup import loading

    return loading.draft_default(editor)


@pytest.fixture
def signed(draft, editor, signers):
    from tests.aup import policies

    return policies.signed_by_all(draft, editor, signers)


@pytest.fixture
def published(editor, signers, files):
    from tests.aup import policies

    return policies.published_an_hour_ago(editor, signers)
