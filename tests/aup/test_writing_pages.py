"""The pages on which a draft is written and a file is brought in: they work as plain posts and keep what was typed."""

from http import HTTPStatus

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from aup.digests import digest
from aup.models import PolicyVersion
from aup.policy_file import file_of
from aup.rule_form import RuleForm
from tests.aup.policies import enrolled
from tests.aup.test_documents import HARBOUR, drafted, harbour
from tipstaff.permissions import Role

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def small(editor):
    return drafted(harbour(), editor, "h-1")


@pytest.fixture
def desk(client, editor):
    client.force_login(editor, BACKEND)
    return client


def text(response):
    return response.content.decode()


def url(name, version, *more):
    return reverse(f"aup:{name}", args=[version.ref, *more])


def typed(version, of=None, **changes):
    """What the page of a rule would post if nothing was typed but `changes`."""
    form = RuleForm(version=version, row=version.rule_in(of) if of else None)
    posted = {}
    for field in form:
        value = field.value()
        if value is True:
            posted[field.html_name] = "on"
        elif value not in (None, False):
            posted[field.html_name] = field.field.prepare_value(value)
    return {name: value for name, value in (posted | changes).items() if value is not None}


class TestRulePage:
    @pytest.mark.parametrize("which", ["small", "draft"])
    def test_saving_without_typing_changes_nothing(self, request, which):
        version = request.getfixturevalue(which)
        for row in version.rules.prefetch_related("examples").select_related("group"):
            form = RuleForm(typed(version, row.code), version=version, row=row)
            assert form.is_valid(), (row.code, form.errors)
            assert form.rule == row.document
            assert list(form.rule) == list(row.document)
            assert form.cleaned_data["group"] == row.group.code

    def test_a_rule_is_changed(self, desk, small):
        page = text(desk.get(url("rule_edit", small, "ca-02")))
        assert "Harbour Dialler" in page
        changes = {
            "title": "Calls after dark",
            "conditions": "One.\r\n\r\nTwo.\r\n",
            "allowed-1": "Another.",
            "products": "",
        }
        answer = desk.post(url("rule_edit", small, "CA-02"), typed(small, "CA-02", **changes))
        assert answer.status_code == HTTPStatus.FOUND
        rule = small.rule_in("CA-02").document
        assert (rule["title"], rule["conditions"], "products" in rule) == ("Calls after dark", ["One.", "Two."], False)
        assert rule["examples"]["allowed"] == ["A wake-up call that was ordered.", "Another."]

    @pytest.mark.parametrize("seen", ["{", "[" * 100_000, "[]"])
    def test_what_the_page_did_not_write_itself_is_read_as_nothing(self, desk, small, seen):
        answer = desk.post(url("rule_edit", small, "CA-02"), typed(small, "CA-02", opened="else", seen=seen))
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "title is now" in text(answer)

    def test_an_example_that_is_emptied_is_taken_out(self, desk, small):
        desk.post(url("rule_edit", small, "CA-02"), typed(small, "CA-02", **{"allowed-0": ""}))
        assert small.rule_in("CA-02").document["examples"]["allowed"] == []
        page = text(desk.get(url("text", small)))
        assert "lacks an allowed example" in page

    def test_more_fields_for_examples_without_saving(self, desk, small):
        posted = typed(small, "CA-02", title="Half typed", more_allowed="1")
        page = text(desk.post(url("rule_edit", small, "CA-02"), posted))
        assert 'name="allowed-2"' in page
        assert "Half typed" in page
        assert 'role="alert"' not in page
        assert small.rule_in("CA-02").title == "Calls at night"

    def test_a_new_rule(self, desk, small):
        assert "New rule" in text(desk.get(url("rule_new", small) + "?group=CA"))
        said = {
            "code": "ca-04", "group": "CA", "title": "Calls to hospitals", "statement": "Do not call wards.",
            "action": "Calling wards", "threshold": "One call", "allowed-0": "The front desk.",
            "prohibited-0": "A bed.", "corrective": "Stop", "monitoring": "Watch", "enforcement": "T1",
            "parameters": "calls: 1\nshare: 0.5", "mappings": "house_codes: h-3",
        }  # fmt: skip
        answer = desk.post(url("rule_new", small), typed(small, **said))
        assert answer.status_code == HTTPStatus.FOUND, text(answer)
        rule = small.rule_in("CA-04")
        assert (rule.lacking(), rule.parameters) == ([], {"calls": 1, "share": 0.5})
        assert rule.mappings["house_codes"] == ["h-3"]
        again = desk.post(url("rule_new", small), typed(small, **said))
        assert again.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "Rule CA-04 is there already" in text(again)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"title": ""}, "Title is empty."),
            ({"title": "x" * 201}, "at most 200 characters"),
            ({"jurisdictions": "France"}, "must be &#x27;*&#x27;, a country code such as FR, or EU."),
            ({"parameters": "hours 24"}, "Write each as “name: value”."),
            ({"parameters": "a: [\n"}, "Line 2: this is not YAML"),
            ({"mappings": "klyman"}, "Write each as “scheme: identifier”, not “klyman”."),
            ({"mappings": "house_codes: h-9"}, "“h-9” is not listed under house_codes."),
            ({"legal_referral": "mandatory", "waivable": "on"}, "Waivable must be false"),
            ({"group": "ZZ"}, "Select a valid choice"),
        ],
    )
    def test_what_is_wrong_stands_beside_what_was_typed(self, desk, small, changes, words):
        answer = desk.post(url("rule_edit", small, "CA-02"), typed(small, "CA-02", action="Kept as typed", **changes))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert words in text(answer)
        assert "Kept as typed" in text(answer)
        assert small.rule_in("CA-02").action == "Calling at night"

    def test_vague_words_stand_beside_their_field(self, desk, small):
        changes = {"threshold": "Excessive calling", "statement": "Do not make offensive calls."}
        desk.post(url("rule_edit", small, "CA-02"), typed(small, "CA-02", **changes))
        page = text(desk.get(url("rule_edit", small, "CA-02")))
        assert page.index("vague: offensive") < page.index("vague: Excessive")
        assert "it lacks a threshold that can be tested" in page
        listed = text(desk.get(url("text", small)))
        assert "vague: offensive" in listed
        assert "1 is not complete" in listed

    def test_the_second_of_two_tabs_sees_what_the_first_saved(self, desk, small):
        late = typed(small, "CA-02", title="Second")
        desk.post(url("rule_edit", small, "CA-02"), typed(small, "CA-02", threshold="Three calls in one night"))
        answer = desk.post(url("rule_edit", small, "CA-02"), late)
        assert answer.status_code == HTTPStatus.CONFLICT
        page = text(answer)
        assert "threshold is now: Three calls in one night" in page
        assert "title is now" not in page
        assert "Second" in page
        assert small.rule_in("CA-02").title == "Calls at night"

    def test_moved_and_taken_out(self, desk, small):
        desk.post(url("rule_act", small, "CA-02", "up"))
        assert small.groups.get(code="CA").rules.order_by("position").first().code == "CA-02"
        opened = digest(small.rule_in("CA-02").opened_as)
        stale = desk.post(url("rule_act", small, "CA-02", "remove"), {"opened": "0"})
        assert stale.status_code == HTTPStatus.CONFLICT
        desk.post(url("rule_act", small, "CA-02", "remove"), {"opened": opened})
        assert small.rule_in("CA-02") is None
        assert desk.post(url("rule_act", small, "CA-01", "explode")).status_code == HTTPStatus.NOT_FOUND


class TestTextPage:
    def test_it_asks_the_database_little(self, desk, draft, django_assert_max_num_queries):
        with django_assert_max_num_queries(16):
            page = text(desk.get(url("text", draft)))
        assert "110 rules." in page
        assert "All are complete." in page

    def test_an_empty_draft(self, desk, editor):
        documents = harbour()
        documents.taxonomy["groups"] = []
        version = drafted(type(documents).given(documents.taxonomy, documents.matrix), editor, "h-0")
        page = text(desk.get(url("text", version)))
        assert "Add a group first." in page
        assert "It cannot be published without any." in page
        assert "All are complete." not in page

    def test_groups(self, desk, small):
        assert "New group" in text(desk.get(url("group_new", small)))
        posted = {"code": "zz", "title": "Late", "description": "Last.", "opened": ""}
        assert desk.post(url("group_new", small), posted).status_code == HTTPStatus.FOUND
        wrong = desk.post(url("group_new", small), posted | {"code": "1"})
        assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "Code must be up to 10 capital letters" in text(wrong)
        desk.post(url("group_act", small, "ZZ", "up"))
        assert [group.code for group in small.groups.all()][-2] == "ZZ"
        desk.post(url("group_act", small, "ZZ", "remove"))
        assert not small.groups.filter(code="ZZ").exists()
        assert desk.post(url("group_act", small, "CA", "remove")).status_code == HTTPStatus.CONFLICT

    def test_linked_documents(self, desk, small):
        posted = {"kind": "model_card", "title": "Card", "url": "https://harbour.example/c", "binding": "on"}
        wrong = desk.post(url("link", small), posted)
        assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "a model card does not bind" in text(wrong)
        assert desk.post(url("link", small), posted | {"binding": ""}).status_code == HTTPStatus.FOUND
        assert desk.post(url("unlink", small), {"title": "Card"}).status_code == HTTPStatus.FOUND
        assert small.linked_documents.count() == 3

    def test_what_it_says_about_itself(self, desk, small):
        page = text(desk.get(url("about", small)))
        assert "A test." in page
        posted = {
            "number": "h-2",
            "rationale": "Why.",
            "scope_data": "A.\r\nB.",
            "scope_tasks": "",
            "scope_contexts": "C.",
        }
        said = posted | {"opened": digest(small.description)}
        assert desk.post(url("about", small), said).status_code == HTTPStatus.FOUND
        small.refresh_from_db()
        assert (small.number, small.scope["data"]) == ("h-2", ["A.", "B."])
        assert desk.post(url("about", small), said).status_code == HTTPStatus.CONFLICT
        wrong = desk.post(url("about", small), said | {"number": "h 2"})
        assert "Number must be up to 20 letters" in text(wrong)
        listed = text(desk.get(reverse("aup:version", args=[small.ref])))
        assert "Give the scope: the tasks it covers." in listed


class TestWhoAndWhen:
    def test_others_read_and_do_not_write(self, client, small, signers):
        client.force_login(signers["legal"], BACKEND)
        page = text(client.get(url("text", small)))
        assert "Only a policy editor changes the text." in page
        assert "Move up" not in page
        for name, more in (("rule_edit", ["CA-01"]), ("rule_new", []), ("about", []), ("group_new", [])):
            assert client.get(url(name, small, *more)).status_code == HTTPStatus.NOT_FOUND
            assert client.post(url(name, small, *more)).status_code == HTTPStatus.FORBIDDEN
        assert client.get(reverse("aup:import")).status_code == HTTPStatus.NOT_FOUND
        client.force_login(enrolled("reviewer", Role.REVIEWER), BACKEND)
        assert client.get(url("text", small)).status_code == HTTPStatus.NOT_FOUND
        assert client.get(url("export", small)).status_code == HTTPStatus.NOT_FOUND

    def test_a_text_in_review_is_closed(self, desk, small, editor):
        posted = typed(small, "CA-02", title="Late")
        small.submit(actor=editor)
        assert "The text changes in a draft only." in text(desk.get(url("text", small)))
        assert desk.get(url("rule_edit", small, "CA-02")).status_code == HTTPStatus.NOT_FOUND
        answer = desk.post(url("rule_edit", small, "CA-02"), posted)
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "is in review by now" in text(answer)

    def test_acts_that_need_more_than_a_button_have_none(self, desk, small):
        page = text(desk.get(reverse("aup:version", args=[small.ref])))
        assert "Submit for review" in page
        assert "Write a rule" not in page
        assert desk.post(reverse("aup:operate", args=[small.ref, "write_rule"])).status_code == HTTPStatus.NOT_FOUND


class TestNext:
    def test_a_draft_from_the_published_one(self, desk, published):
        page = text(desk.get(reverse("aup:version", args=[published.ref])))
        assert "Draft a new version from this one" in page
        answer = desk.post(url("draft_next", published), {"number": "9.1"})
        draft = PolicyVersion.objects.get(number="9.1")
        assert answer.headers["Location"] == url("text", draft)
        assert draft.rules.count() == 110
        taken = desk.post(url("draft_next", published), {"number": "9.1"})
        assert taken.status_code == HTTPStatus.CONFLICT
        assert "Version 9.1 is there already" in text(taken)
        assert desk.post(url("draft_next", published), {"number": ""}).status_code == HTTPStatus.FOUND


def upload(raw, name="policy.yaml"):
    return {"file": SimpleUploadedFile(name, raw)}


class TestImport:
    def test_a_file_is_looked_at_and_then_drafted(self, desk, published):
        assert "Look at the file" in text(desk.get(reverse("aup:import")))
        answer = desk.post(reverse("aup:import"), upload(HARBOUR.read_bytes()))
        page = text(answer)
        assert answer.status_code == HTTPStatus.OK
        assert "12 rules, 4 groups, 144 matrix cells" in page
        assert "VO-01, VO-02" in page
        assert not PolicyVersion.objects.filter(number="harbour-3").exists()
        sealed = answer.context["draft_form"].initial["sealed"]
        drafted = desk.post(reverse("aup:import"), {"sealed": sealed, "number": "h-7"})
        version = PolicyVersion.objects.get(number="h-7")
        assert drafted.headers["Location"] == url("text", version)
        again = desk.post(reverse("aup:import"), {"sealed": sealed, "number": "h-7"})
        assert again.status_code == HTTPStatus.CONFLICT
        assert "Version h-7 is there already" in text(again)

    def test_what_changes_against_the_version_in_force(self, desk, published):
        raw = file_of(published).replace("title: Unlawful activity (catch-all)", "title: Unlawful acts", 1)
        page = text(desk.post(reverse("aup:import"), upload(raw.encode())))
        assert "LW-01" in page
        assert '<span class="hint">title</span>' in page
        assert "<dd>109</dd>" in page

    def test_faults_with_their_lines(self, desk):
        raw = HARBOUR.read_bytes().replace(b"  severity: 4\n", b"  severity: 9\n", 1)
        answer = desk.post(reverse("aup:import"), upload(raw, "own <b>.yaml"))
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        page = text(answer)
        line = raw[: raw.index(b"  severity: 9\n")].count(b"\n") + 1
        assert f'<th scope="row">{line}</th>' in page
        assert "rule CA-03: severity must be one of 1, 2, 3, 4, not “9”" in page
        assert "own &lt;b&gt;.yaml has 1 fault" in page

    def test_no_file_and_a_page_that_was_tampered_with(self, desk):
        assert desk.post(reverse("aup:import"), {}).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert desk.post(reverse("aup:import"), {"sealed": "x", "number": "1"}).status_code == HTTPStatus.CONFLICT

    def test_the_export_is_the_file(self, desk, small):
        answer = desk.get(url("export", small))
        assert answer.content.decode() == file_of(small)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="policy-h-1.yaml"'
