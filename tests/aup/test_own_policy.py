"""A policy of our own making, with twelve rules and another matrix, through every page and file, without a code change;
and whatever is edited in it comes back as it was from its file.
"""

from http import HTTPStatus
from itertools import count

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aup.documents import Documents
from aup.models import PolicyVersion
from aup.policy_file import file_of
from tests.aup.policies import approved
from tests.aup.test_documents import HARBOUR, rows
from tests.aup.test_policy_file import imported, numbered
from tests.aup.test_writing import write
from tipstaff.time import moved_to

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).map(str.strip).filter(bool)


@pytest.fixture
def ours(published, editor, signers):
    """Published, and in force from a week from now, after the default policy."""
    version = approved(imported(HARBOUR.read_bytes(), editor), editor, signers)
    version.publish(actor=editor)
    return version


class TestPages:
    def test_everybody_reads_it(self, client, ours):
        with moved_to(ours.effective_from):
            for name in ("aup:policy", "aup:matrix", "aup:history", "aup:policy_json", "aup:policy_markdown"):
                answer = client.get(reverse(name))
                assert answer.status_code == HTTPStatus.OK, name
            page = client.get(reverse("aup:policy")).text
            assert client.get(reverse("how_we_enforce")).status_code == HTTPStatus.OK
        for rule in ours.rules.filter(enabled=True):
            assert rule.code in page
        assert "CS-01" not in page  # of the default policy

    def test_each_rule_has_its_page_in_every_language(self, client, ours):
        for rule in ours.rules.all():
            for language in ("en", "es", "fr", "ar"):
                address = reverse("aup:rule", args=[rule.code])
                page = client.get(address, {"version": ours.number, "lang": language})
                assert page.status_code == HTTPStatus.OK
                assert rule.title.replace("'", "&#x27;") in page.text

    def test_it_is_compared_with_the_default_one(self, client, published, ours):
        address = reverse("aup:compare")
        for before, after in ((published, ours), (ours, published)):
            page = client.get(address, {"from": before.number, "to": after.number})
            assert page.status_code == HTTPStatus.OK
            counts = page.context["counts"]
            assert counts["added"] + counts["changed"] <= after.rules.count()
            assert counts["removed"] > 0

    def test_places_are_told_by_name(self, client, ours):
        rule = ours.rules.filter(jurisdictions__contains=["CH"]).first()
        address = reverse("aup:rule", args=[rule.code])
        assert "European Union<br>Switzerland" in client.get(address, {"version": ours.number}).text
        assert "Suisse" in client.get(address, {"version": ours.number, "lang": "fr"}).text


NUMBERS = count(1)


class TestEdited:
    @settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_whatever_is_edited_comes_back_from_its_file(self, editor, data):
        version = imported(HARBOUR.read_bytes(), editor, f"h-{next(NUMBERS)}a")
        for _turn in range(data.draw(st.integers(1, 4))):
            edit(version, editor, data)
        text = file_of(version)
        again = imported(text.encode(), editor, f"h-{next(NUMBERS)}b")
        assert rows(again) == rows(version)
        assert numbered(file_of(again), version.number) == text
        assert Documents.of(again).digests == Documents.of(version).digests


def edit(version: PolicyVersion, editor, data) -> None:
    """One act of an editor, with any words."""
    rule = data.draw(st.sampled_from(list(version.rules.order_by("position"))))
    act = data.draw(st.sampled_from(["write", "move", "group", "terms"]))
    if act == "write":
        words = {name: data.draw(WORDS) for name in ("title", "statement", "action", "threshold")}
        examples = {kind: data.draw(st.lists(WORDS, min_size=1, max_size=3)) for kind in ("allowed", "prohibited")}
        write(version, editor, rule.code, **words, examples=examples)
    elif act == "move":
        version.move_rule(actor=editor, code=rule.code, direction=data.draw(st.sampled_from(["up", "down"])))
    elif act == "group":
        version.move_group(actor=editor, code=rule.group.code, direction="up")
    else:
        window = version.matrix.recurrence_window_days
        change = {"term": "dimensions/recurrence/window_days", "was": window, "value": data.draw(st.integers(1, 3650))}
        version.amend_terms(actor=editor, changes=[change], reason="A try.")
        version.matrix.refresh_from_db()
