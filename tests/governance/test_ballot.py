"""Ballots: quorum and result as arithmetic, and who may vote, once, with their own verdict first."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from governance.models import Ballot, BallotPart, Membership
from governance.quorum import Paper, Seat, count, lacking, quorum
from tests import factories
from tests.factories import ARGUMENT, person
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.time import moved_to, now
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import NotPermitted, Refused

people = pytest.mark.usefixtures("people")
seats = st.builds(Seat, st.sampled_from(["legal", "ethics", "external"]), st.booleans(), st.booleans())
papers = st.lists(st.builds(Paper, seats, st.sampled_from(["", "grant", "refuse", "abstain"])), max_size=12)
FINE = [Seat(function, in_field, affiliated) for _m, function, in_field, affiliated in factories.SEATS]


class TestArithmetic:
    @given(papers)
    def test_a_result_needs_a_quorum_somebody_from_outside_and_a_whole_committee(self, cast: list[Paper]) -> None:
        tally = count(cast)
        voted = [paper for paper in cast if paper.choice]
        assert (not tally.missing) == (
            len(voted) > len(cast) / 2
            and any(not paper.seat.in_field for paper in voted)
            and not lacking([paper.seat for paper in cast])
        )

    @given(papers)
    def test_granted_is_more_than_half_of_the_ballots_abstentions_among_them(self, cast: list[Paper]) -> None:
        tally = count(cast)
        assert tally.cast == len([paper for paper in cast if paper.choice])
        if tally.granted:
            assert tally.grant > tally.refuse + tally.abstain
            assert not tally.missing

    @given(papers, st.integers(0, 11))
    def test_an_abstention_never_helps_to_grant(self, cast: list[Paper], place: int) -> None:
        if place < len(cast) and cast[place].choice == "grant":
            less = [*cast[:place], Paper(cast[place].seat, "abstain"), *cast[place + 1 :]]
            assert count(cast).granted >= count(less).granted

    @given(papers)
    def test_the_order_of_ballots_does_not_matter(self, cast: list[Paper]) -> None:
        assert count(cast) == count(cast[::-1])

    @given(papers)
    def test_complete_with_everybody_has_a_quorum(self, cast: list[Paper]) -> None:
        tally = count(cast)
        if tally.complete and cast:
            assert tally.cast >= tally.quorum

    @given(st.integers(0, 100))
    def test_two_quorums_always_share_somebody(self, voters: int) -> None:
        assert 2 * quorum(voters) > voters >= quorum(voters) - 1

    @pytest.mark.parametrize(
        ("choices", "granted"),
        [
            ("ggg---", None),
            ("gggg--", True),
            ("gggr--", True),
            ("ggrr--", False),
            ("ggar--", False),
            ("gggaa-", True),
            ("gggaaa", False),
            ("aaaa--", False),
        ],
    )
    def test_six_members(self, choices: str, granted: bool | None) -> None:
        words = {"g": "grant", "r": "refuse", "a": "abstain", "-": ""}
        tally = count([Paper(seat, words[letter]) for seat, letter in zip(FINE, choices, strict=True)])
        assert bool(tally.missing) is (granted is None)
        assert tally.granted is bool(granted)


def vote(ballot: Ballot, choices: str, *mailboxes: str) -> None:
    words = {"g": "grant", "r": "refuse", "a": "abstain"}
    for mailbox, letter in zip(mailboxes, choices, strict=True):
        ballot.vote(actor=person(mailbox), choice=words[letter], reasons=ARGUMENT)


@people
class TestOpen:
    def test_conditions_are_fixed_and_everybody_is_told(self) -> None:
        waiver = factories.waiver("under_review")
        ballot = factories.balloted(waiver)
        told = Message.objects.filter(kind="ballot_opened").values_list("recipient", flat=True)
        assert set(told) == {person(mailbox).email for mailbox, *_rest in factories.SEATS}
        with pytest.raises(DatabaseError), transaction.atomic():
            Ballot.objects.filter(pk=ballot.pk).update(conditions=["None."])

    def test_only_the_chair_opens_and_only_when_seated(self) -> None:
        waiver = factories.waiver("under_review")
        made = factories.committee(seats=[seat for seat in factories.SEATS if seat[0] != "chair"])
        with pytest.raises(Refused, match="seated in the committee"):
            factories.balloted(waiver, made)
        ballot = Ballot.on(waiver, committee=made, opened_by=person("member1"), closes_at=now() + timedelta(days=1))
        with pytest.raises(NotPermitted):
            ballot.open(actor=person("member1"))

    def test_a_committee_that_is_none_cannot_vote(self) -> None:
        waiver = factories.waiver("under_review")
        with pytest.raises(Refused, match=r"not constituted.*2 more members are needed"):
            factories.balloted(waiver, factories.committee(seats=factories.SEATS[:3]))

    @pytest.mark.parametrize(
        ("columns", "said"),
        [
            ({"conditions": [" "]}, "at least one condition"),
            ({"until": now().date() + timedelta(days=300)}, "later than the one asked for"),
            ({"until": now().date()}, "after the first"),
            ({"closes_at": now() - timedelta(days=1)}, "in the future"),
            ({"conditions": ["x"] * 21}, "at most 20"),
        ],
    )
    def test_terms_that_cannot_be_voted_on(self, columns: dict, said: str) -> None:
        with pytest.raises(Refused, match=said):
            factories.balloted(factories.waiver("under_review"), **columns)
        assert not Ballot.objects.exists()

    def test_one_at_a_time(self) -> None:
        waiver = factories.waiver("voting")
        with pytest.raises(Refused, match="voting on it already"):
            factories.balloted(waiver)

    @pytest.mark.parametrize("state", ["submitted", "screening", "changes_requested", "granted", "refused"])
    def test_only_what_is_before_the_committee(self, state: str) -> None:
        with pytest.raises(Refused, match="not before the committee"):
            factories.balloted(factories.waiver(state))


@people
class TestVote:
    def test_once_with_reasons_and_never_changed(self) -> None:
        ballot = factories.waiver("voting").open_ballot
        with pytest.raises(Refused, match="at least 20 characters"):
            ballot.vote(actor=person("member1"), choice="grant", reasons="Yes.")
        with pytest.raises(Refused, match="Choose grant"):
            ballot.vote(actor=person("member1"), choice="maybe", reasons=ARGUMENT)
        vote(ballot, "g", "member1")
        with pytest.raises(Refused, match="voted already"):
            vote(ballot, "r", "member1")
        with pytest.raises(Refused, match="voted already"):
            ballot.recuse(actor=person("member1"), reason="On second thoughts.")
        assert BallotPart.objects.get(person=person("member1")).choice == "grant"

    def test_who_recused_themselves_does_not_vote_and_does_not_count(self) -> None:
        ballot = factories.waiver("voting").open_ballot
        ballot.recuse(actor=person("member5"), reason="I worked with the applicant.")
        with pytest.raises(Refused, match="I worked with"):
            vote(ballot, "g", "member5")
        assert ballot.tally().voters == 5

    def test_plain_sql_can_do_neither_twice_nor_both_nor_change_it(self) -> None:
        ballot = factories.waiver("voting").open_ballot
        vote(ballot, "g", "member1")
        for part, choice in (("voted", "refuse"), ("recused", "")):
            with pytest.raises(IntegrityError), transaction.atomic():
                BallotPart.objects.create(
                    ballot=ballot, person=person("member1"), part=part, choice=choice, reasons="x"
                )
        for statement in (
            "UPDATE governance_ballotpart SET choice = 'refuse'",
            "DELETE FROM governance_ballotpart",
            "TRUNCATE governance_ballotpart",
            "UPDATE governance_ballot SET closes_at = now() + interval '1 year'",
            "DELETE FROM governance_ballot",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        with pytest.raises(DatabaseError, match="only a seated member votes"), transaction.atomic():
            BallotPart.objects.create(
                ballot=ballot, person=person("lead"), part="voted", choice="grant", reasons=ARGUMENT
            )

    def test_the_one_who_screened_has_no_vote_even_with_a_seat(self) -> None:
        _also_member("compliance")
        made = factories.committee()
        _seat_by_admin(made, "compliance")
        ballot = factories.waiver("voting", of=made).open_ballot
        with pytest.raises(Refused, match="Screened the request"):
            vote(ballot, "g", "compliance")
        with pytest.raises(IntegrityError), transaction.atomic():
            BallotPart.objects.create(
                ballot=ballot, person=person("compliance"), part="voted", choice="grant", reasons=ARGUMENT
            )

    @pytest.mark.parametrize("way", ["asks", "is the contact", "owns the system", "is a contact of the account"])
    def test_nor_has_who_asks_or_gains(self, way: str) -> None:
        _also_member("product")
        made = factories.committee()
        _seat_by_admin(made, "product")
        columns = {
            "asks": {"by": "product"},
            "is the contact": {"contact": "Product@demo.example"},
            "owns the system": {"system": factories.ai_system()},
            "is a contact of the account": {"about": _account_of("product")},
        }[way]
        if "system" in columns:
            type(columns["system"]).objects.filter(pk=columns["system"].pk).update(owner=person("product"))
            columns["system"].refresh_from_db()
        ballot = factories.waiver("voting", of=made, **columns).open_ballot
        with pytest.raises(Refused, match=r"Asked for|Gains by it"):
            vote(ballot, "g", "product")

    def test_only_members_who_were_seated_when_it_opened(self) -> None:
        made = factories.committee()
        waiver = factories.waiver("voting", of=made)
        ballot = waiver.open_ballot
        with pytest.raises(Refused, match="Only members"):
            vote(ballot, "g", "member6")
        _seat_by_admin(made, "member6")
        with pytest.raises(Refused, match="seated after this ballot opened"):
            vote(ballot, "g", "member6")
        with pytest.raises(NotPermitted):
            vote(ballot, "g", "auditor")

    def test_a_seat_given_up_takes_its_vote_along_unless_cast(self) -> None:
        made = factories.committee()
        ballot = factories.waiver("voting", of=made).open_ballot
        vote(ballot, "g", "member1")
        for mailbox in ("member1", "member2"):
            made.seated(now()).get(person=person(mailbox)).unseat(actor=person("compliance"), reason="Term ended.")
        tally = ballot.tally()
        assert (tally.voters, tally.grant) == (5, 1)

    def test_not_after_the_time(self) -> None:
        ballot = factories.waiver("voting").open_ballot
        with moved_to(ballot.closes_at), pytest.raises(Refused, match="time to vote is over"):
            vote(ballot, "g", "member1")

    def test_the_history_says_who_voted_and_not_what(self) -> None:
        waiver = factories.waiver("voting")
        vote(waiver.open_ballot, "r", "member1")
        event = Event.objects.filter(stream=waiver.stream, kind="ballot.voted").get()
        assert event.told()["facts.choice"] == "refuse"  # kept in the ledger, shown to who voted


@people
class TestClose:
    def test_before_the_quorum_it_says_what_is_missing(self) -> None:
        waiver = factories.waiver("voting")
        vote(waiver.open_ballot, "gg", "member1", "member3")
        with (
            moved_to(waiver.open_ballot.closes_at),
            pytest.raises(Refused, match=r"2 more ballots are needed\..*outside the field"),
        ):
            waiver.grant(actor=person("chair"), reasons=ARGUMENT)

    def test_before_its_time_only_when_everybody_voted(self) -> None:
        waiver = factories.waiver("voting")
        vote(waiver.open_ballot, "ggggg", "member1", "member2", "member3", "member4", "member5")
        with pytest.raises(Refused, match="Voting goes on until"):
            waiver.grant(actor=person("chair"), reasons=ARGUMENT)
        vote(waiver.open_ballot, "g", "chair")
        waiver.grant(actor=person("chair"), reasons=ARGUMENT)
        assert waiver.ballot.outcome == "granted"

    def test_recusals_can_leave_no_committee(self) -> None:
        made = factories.committee(seats=factories.SEATS[:5])
        waiver = factories.waiver("voting", of=made)
        waiver.open_ballot.recuse(actor=person("member4"), reason="A friend asks.")
        vote(waiver.open_ballot, "ggg", "member1", "member2", "member3")
        with moved_to(waiver.open_ballot.closes_at), pytest.raises(Refused, match=r"not constituted.*no tie"):
            waiver.grant(actor=person("chair"), reasons=ARGUMENT)

    def test_the_outcome_is_counted_and_not_chosen(self) -> None:
        waiver = factories.waiver("voting")
        vote(waiver.open_ballot, "ggrra", "member1", "member2", "member3", "member4", "member5")
        with moved_to(waiver.open_ballot.closes_at):
            with pytest.raises(Refused, match="say refuse"):
                waiver.grant(actor=person("chair"), reasons=ARGUMENT)
            assert "refuse" in {act.name for act in available_to(waiver, person("chair"))}
            waiver.refuse(actor=person("chair"), reasons=ARGUMENT)
        assert (waiver.state, waiver.ballot.outcome) == ("refused", "refused")

    def test_without_a_quorum_it_is_called_off_and_opened_again(self) -> None:
        made = factories.committee()
        waiver = factories.waiver("voting", of=made)
        with moved_to(now() + timedelta(days=4)):
            waiver.open_ballot.call_off(actor=person("chair"), reason="Too few came.")
            again = factories.balloted(waiver, made)
            vote(again, "gggg", "member1", "member2", "member3", "member4")
            assert again.tally().missing == ()


def _also_member(mailbox: str) -> None:
    user = person(mailbox)
    user.change_roles(actor=factories.SYSTEM, roles=[*user.roles, "member"])


def _seat_by_admin(made, mailbox: str) -> None:
    Membership(committee=made, person=person(mailbox), function="external", in_field=False, affiliated=False).seat(
        actor=factories.SYSTEM
    )


def _account_of(mailbox: str):
    account = factories.subject()
    account.amend(actor=factories.SYSTEM, contact=person(mailbox).email)
    return account
