"""Vague words are marked where nothing measures them, and nowhere else."""

import pytest

from aup.loading import default_documents
from aup.vagueness import Mark, marks, measures, untestable, vague
from tests.aup.test_documents import harbour


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Do not make harmful text.", ["harmful"]),
        ("Any harmful text, and every inappropriate one.", ["harmful", "inappropriate"]),
        ("One offensive message", ["offensive"]),
        ("Excessive use, meaning more than 100 messages in an hour.", []),
        ("Dangerous goods such as fireworks.", []),
        ("Significant loss: 1,000 euros or more.", []),
        ("Use must not be excessive. More than 5 calls a day count.", ["excessive"]),
        ("HARMFUL", ["HARMFUL"]),
        ("Harmless text about inappropriateness.", []),
        ("", []),
    ],
)
def test_a_vague_word_is_excused_by_its_own_sentence(text, words):
    assert [word for word, _start in vague(text)] == words
    assert all(text[start:].startswith(word) for word, start in vague(text))


def test_a_threshold_that_measures_excuses_the_statement():
    rule = {"statement": "Do not send excessive messages.", "threshold": "More than 100 in an hour"}
    assert marks(rule) == []
    assert marks(rule | {"threshold": "Any message after a complaint"}) == []
    assert marks(rule | {"threshold": ""}) == [Mark("statement", "excessive", 12)]
    assert marks(rule | {"threshold": "Too many", "conditions": ["Short.", "It is reasonable."]}) == [
        Mark("statement", "excessive", 12),
        Mark("conditions.1", "reasonable", 6),
    ]


def test_a_vague_word_in_the_threshold_stands_out():
    rule = {"statement": "Do not do it.", "threshold": "One act; a severe one"}
    assert marks(rule) == [Mark("threshold", "severe", 11)]


@pytest.mark.parametrize("text", ["Harmful content", "Excessive messages", "Every message must be appropriate"])
def test_a_threshold_nobody_could_test(text):
    assert untestable(text)
    assert not measures(text)


@pytest.mark.parametrize("text", ["One attempt", "Any quantity", "Severe burns, meaning of the third degree", ""])
def test_a_threshold_that_can_be_tested(text):
    assert not untestable(text)


@pytest.mark.parametrize("make", [default_documents, harbour])
def test_the_policies_we_ship_have_no_mark(make):
    rules = [rule for group in make().taxonomy["groups"] for rule in group["rules"]]
    assert [(rule["code"], mark) for rule in rules for mark in marks(rule)] == []


def test_it_reads_a_long_text_in_no_time():
    assert len(vague("harmful " * 5000)) == 5000
    assert vague("a: " * 20000) == []
