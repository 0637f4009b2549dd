"""Answers in the documents' own words."""

import pytest
from pysbd import Segmenter

from ..data import Passage, Record, choose_answer, holds
from ..quotes import quote

SEGMENTER = Segmenter(language="en", clean=False)


class Letters:
    """A prompt whose tokens are characters."""

    def answer(self, text: str) -> list[int]:
        return [*map(ord, text), 0]


def record(question: str, answers: tuple[str, ...], *texts: str) -> Record:
    passages = tuple(Passage("", text, True) for text in texts)
    return Record("1", question, answers, passages, "made", "CC0", choose_answer(list(answers), passages))


def quoted(asked: Record, most: int = 200) -> str:
    return quote(asked, Letters(), SEGMENTER, most)


def test_takes_the_sentence_that_has_most_in_common_with_the_question():
    text = "Paris is old. The tower stands in Paris since 1889. Dr. A. B. Smith left Paris."
    assert quoted(record("Where does the tower stand?", ("Paris",), text)) == "The tower stands in Paris since 1889."


def test_takes_an_alias_where_the_passages_do_not_hold_the_first_answer():
    assert quoted(record("Who?", ("Bob Dylan", "Dylan"), "It was Dylan. Nobody else.")) == "It was Dylan."


def test_the_answer_is_found_as_whole_words_only():
    assert quoted(record("Which part?", ("art",), "A part is art. Parts are parts.")) == "A part is art."


@pytest.mark.parametrize("most", range(14, 120))
def test_a_long_sentence_is_cut_at_clauses_around_the_answer(most: int):
    text = "In the north, where the river ends, a harbour was built in 1871, which is still used, and a wall."
    found = quoted(record("When was the harbour built?", ("1871",), text), most)
    assert found in text or found == "1871"
    assert holds(found, "1871")
    assert len(found) + 1 <= most or found == "1871"


def test_no_number_is_cut_at_its_comma():
    text = "The city, with 1,200,300 people, is the largest."
    assert quoted(record("How many people?", ("1,200,300",), text), 24) == "with 1,200,300 people"


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_yes_and_no_stay_short(answer: str):
    assert quoted(record("Is it?", (answer,), f"There is {answer} doubt.")) == answer


def test_what_no_passage_holds_stays_short():
    assert quoted(record("Who?", ("Ann",), "Somebody else did.")) == "Ann"
