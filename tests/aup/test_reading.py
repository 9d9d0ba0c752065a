"""How hard a text is to read: within what was counted by hand, and told only where it was measured."""

import pytest
from django.urls import reverse

from aup.reading import Grade, measured, syllables

# Counted by hand: word and syllables.
WORDS = """
the 1 you 1 may 1 use 1 service 2 most 1 things 1 uses 2 never 2 allowed 2 because 2 they 1 hurt 1 people 2 break 1
only 2 conditions 3 which 1 rule 1 lists 1 a 1 broken 2 look 1 four 1 whether 2 meant 1 sensitive 3 data 2 were 1
serious 3 happened 2 before 2 table 2 decides 2 follows 2 person 2 appeal 2 someone 2 any 2 account 2 material 4
media 3 decision 3 image 2 images 3 policy 3 area 3 idea 3 create 2 creating 3 being 2 science 2 violation 4
enforcement 3 acceptable 4 organisation 5 developer 4 deployer 3 information 4 identity 4 automatic 4 committee 3
exemption 3 severity 4 unlawful 3 created 3 wanted 2 asked 1 used 1 played 1 needed 2 houses 2 changes 2 rules 1
files 1 made 1 little 2 possible 3 every 2 everyone 3 business 2 evidence 3 video 3 biometric 4 privacy 3 political 4
violence 3 extremism 4 harassment 3 quiet 2 poem 2 previous 3 usually 4 actually 4 evaluation 5 prohibited 4 their 1
through 1 dangerous 3 chemical 3 biological 5 nuclear 3 intellectual 5 machine 2 themselves 2 something 2 safety 2
safely 2 entirely 4 statement 2 management 3 self-harm 2 don't 1
"""
COUNTED = WORDS.split()
PAIRS = [(word, int(count)) for word, count in zip(COUNTED[::2], COUNTED[1::2], strict=True)]
# The opening of the Gettysburg address: 102 words, 5 sentences, 146 syllables, counted by hand.
ADDRESS = """
Four score and seven years ago our fathers brought forth upon this continent a new nation, conceived in liberty, and
dedicated to the proposition that all men are created equal. Now we are engaged in a great civil war, testing whether
that nation, or any nation so conceived and so dedicated, can long endure. We are met on a great battlefield of that
war. We have come to dedicate a portion of that field, as a final resting place for those who here gave their lives
that that nation might live. It is altogether fitting and proper that we should do this.
""".replace("\n", " ")


def test_syllables_are_within_two_in_a_hundred():
    counted = sum(count for _word, count in PAIRS)
    assert abs(sum(syllables(word) for word, _count in PAIRS) - counted) / counted < 0.02
    assert sum(syllables(word) != count for word, count in PAIRS) <= 6


def test_the_formula_on_a_text_counted_by_hand():
    found = measured(ADDRESS)
    assert (found.words, found.sentences, found.syllables) == (102, 5, 146)
    assert found.grade == pytest.approx(0.39 * 102 / 5 + 11.8 * 146 / 102 - 15.59, abs=0.05)


def test_longer_words_and_sentences_are_harder():
    easy = "We read what you say. We tell you why. You can ask again. " * 6
    hard = "Notwithstanding these considerations, organisations demonstrating extraordinary circumstances "
    assert measured(easy).grade < 3
    assert measured(hard * 9).grade > 15


def test_what_is_short_or_no_text_is_not_measured():
    assert measured("") is None
    assert measured("12 § — …") is None
    assert measured("word " * 59) is None
    assert measured("word\n" * 60) == Grade(0.0, 60, 60, 60)


def test_the_page_says_it_in_words(client, published, settings):
    page = client.get(reverse("aup:policy")).content.decode()
    assert "This summary reads at about grade 6" in page
    assert "The rules read at about grade 12." in page
    settings.POLICY_LANGUAGE = "fr"
    page = client.get(reverse("aup:policy")).content.decode()
    assert "measured for English texts only" in page
    assert "reads at about grade" not in page
