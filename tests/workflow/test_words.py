"""How acts and records are named: event kinds in the past form, references that find their record or nothing."""

import pytest

from tests import factories
from tipstaff.accounts.models import Subject, User
from tipstaff.workflow import references
from tipstaff.workflow.operations import operations_of, past

PAST = {
    "absorb": "absorbed",
    "explain": "explained",
    "recalculate": "recalculated",
    "accept": "accepted", "acknowledge": "acknowledged", "add": "added", "adopt": "adopted", "amend": "amended",
    "amend_matrix": "amended_matrix", "amend_terms": "amended_terms",
    "answer": "answered",
    "approve": "approved", "ask": "asked", "attach": "attached",
    "await_information": "awaited_information", "breach": "breached", "change_roles": "changed_roles",
    "claim": "claimed", "close": "closed", "confirm": "confirmed", "contest": "contested", "deactivate": "deactivated",
    "decide": "decided", "declare_inadmissible": "declared_inadmissible", "decline": "declined", "draft": "drafted",
    "enrol": "enrolled", "enter": "entered", "escalate": "escalated",
    "fail": "failed", "file": "filed", "give": "given",
    "give_up": "given_up", "grant": "granted", "hand_over": "handed_over", "impose": "imposed", "issue": "issued",
    "join": "joined", "lift": "lifted", "lodge": "lodged", "merge": "merged", "move": "moved",
    "open": "opened", "pause": "paused", "propose": "proposed",
    "read_words": "read_words", "stay": "stayed", "weigh": "weighed",
    "publish": "published", "put_forward": "put_forward", "queue": "queued", "read": "read", "receive": "received",
    "record": "recorded", "refute": "refuted", "regrade": "regraded", "register": "registered",
    "reinstate": "reinstated", "release": "released",
    "remand": "remanded", "reopen": "reopened", "resume": "resumed", "retire": "retired", "revise": "revised",
    "verify": "verified", "return_to_draft": "returned_to_draft",
    "reverse": "reversed", "revoke": "revoked", "schedule": "scheduled", "seal": "sealed", "send_back": "sent_back",
    "sign_compliance": "signed_compliance", "sign_engineering": "signed_engineering", "sign_legal": "signed_legal",
    "sign_product": "signed_product", "start": "started", "stop": "stopped", "submit": "submitted",
    "supersede": "superseded", "supply": "supplied", "take_back": "taken_back", "take_up": "taken_up",
    "tell_reversal": "told_reversal", "uncontest": "uncontested", "uphold": "upheld", "vary": "varied",
    "wait_again": "waited_again",
    "warn": "warned", "withdraw": "withdrawn", "skip": "skipped", "split": "split", "pass_on": "passed_on",
    "disable": "disabled", "dismiss": "dismissed", "enable": "enabled", "retry": "retried", "reveal": "revealed",
    "rotate": "rotated", "send_test": "sent_test",
    "attest": "attested", "call_off": "called_off", "confirm_facts": "confirmed_facts",
    "establish": "established", "grant_at_screening": "granted_at_screening",
    "put_to_committee": "put_to_committee", "recall": "recalled", "recuse": "recused", "refuse": "refused",
    "request_changes": "requested_changes", "screen": "screened", "seat": "seated", "suspend": "suspended",
    "unseat": "unseated", "vote": "voted",
    "describe": "described", "link_document": "linked_document", "move_group": "moved_group",
    "move_rule": "moved_rule", "remove_group": "removed_group", "remove_rule": "removed_rule",
    "renew": "renewed", "take_out": "taken_out", "write": "written",
    "unlink_document": "unlinked_document", "write_group": "written_group", "write_rule": "written_rule",
    "link": "linked", "unlink": "unlinked", "carry": "carried",
    "ask_release": "asked_release", "carry_out": "carried_out", "dispose": "disposed", "keep": "kept",
    "place": "placed", "report_damage": "reported_damage", "retain": "retained",
    "erase": "erased", "make": "made", "redact": "redacted", "view": "viewed",
    "order": "ordered", "note": "noted", "remind": "reminded", "tell": "told",
    "download": "downloaded", "note_type": "noted_type", "scan": "scanned", "set_aside": "set_aside",
    "fetch_ahead": "fetched_ahead",
    "assign": "assigned", "bounce": "bounced",
    "extend": "extended", "give_way": "given_way", "rule_out": "ruled_out", "second": "seconded",
    "pronounce": "pronounced", "appoint": "appointed", "prove": "proved", "volunteer": "volunteered",
    "declare": "declared", "tick": "ticked", "give_answer": "given_answer", "lapse": "lapsed",
    "stop_waiting": "stopped_waiting", "take_in": "taken_in",
    "offer": "offered", "attempt": "attempted", "finish": "finished", "hand_in": "handed_in",
    "pass_assessment": "passed_assessment", "fail_assessment": "failed_assessment", "remedy": "remedied",
    "shorten": "shortened", "object": "objected", "heed": "heeded", "maintain": "maintained",
    # not in use yet, and easily got wrong
     "drop": "dropped", "deny": "denied", "begin": "begun", "admit": "admitted",
}  # fmt: skip


@pytest.mark.parametrize("verb", PAST)
def test_past(verb: str) -> None:
    assert past(verb) == PAST[verb]


def test_every_act_of_the_product_has_a_past_form_that_somebody_read() -> None:
    verbs = {act.name for model in references.registered().values() for act in operations_of(model)}
    assert verbs - set(PAST) == set(), "Add the new verb to PAST, and teach `past` its form if it is irregular."


def test_every_kind_of_event_is_told_from_every_other() -> None:
    kinds = [
        f"{prefix}.{past(act.name)}"
        for prefix, model in references.registered().items()
        for act in operations_of(model)
    ]
    assert len(kinds) == len(set(kinds))
    assert max(map(len, kinds)) <= 80


class TestReferences:
    def test_a_reference_finds_its_record(self, people: dict) -> None:
        subject = factories.subject("org:42")
        assert references.find("subject:org:42") == subject
        assert references.find(people["lead"].reference) == people["lead"]

    @pytest.mark.parametrize(
        "unknown",
        [
            "case:C-9999",
            "person:01a20177-c651-72c6-a672-039c1ce37c8c",
            "person:nobody",
            "person:1",
            "nothing:1",
            "case:",
            "case",
            "",
            ":",
            "subject:a\0b",
            "sha256:abc",
        ],
    )
    def test_what_names_nothing_finds_nothing(self, db: None, unknown: str) -> None:
        assert references.find(unknown) is None

    def test_an_impossible_one_does_not_hide_the_others(self, people: dict) -> None:
        lead = people["lead"]
        assert references.find_many([lead.reference, "person:nobody", "nothing:1"]) == {lead.reference: lead}

    def test_many_cost_one_query_a_kind(self, people: dict, django_assert_num_queries: object) -> None:
        subject = factories.subject()
        wanted = [person.reference for person in people.values()] + [subject.reference]
        with django_assert_num_queries(2):
            assert len(references.find_many(wanted)) == len(wanted)

    def test_a_prefix_belongs_to_one_model(self) -> None:
        with pytest.raises(ValueError, match="person belongs to User already"):
            references.register("person")(Subject)
        assert references.registered()["person"] is User
        assert Subject.reference_prefix == "subject"
