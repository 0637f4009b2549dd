"""The teacher's lessons, and what of its outputs becomes an answer."""

import unittest

from ..data import Passage, Record
from ..teacher import answers, lessons, sentence


def record(number: int, question: str, *gold: str) -> Record:
    passages = tuple(Passage(f"T{i}", f"Text {i}, {gold[0]}.", i == 1) for i in range(3))
    return Record(str(number), question, gold, passages, "made", "CC0", gold[0])


RECORDS = [
    record(1, "Who founded the station?", "Ida Holm"),
    record(2, "Which is older, Skua or Petrel?", "Petrel"),
    record(3, "Are both telescopes?", "no"),
    record(4, "When was it built?", "1871", "in 1871"),
]


class Sentences(unittest.TestCase):
    def test_a_sentence_ends_with_the_clause_in_which_the_answer_is_complete(self):
        for output, gold, expected in (
            ("The film was shot in Rome.", "Rome", "The film was shot in Rome."),
            ("It was laid on April 22, 1850, by the British-American", "1850", "It was laid on April 22, 1850."),
            ("The book is by L. K. Advani, an Indian politician who", "L. K. Advani", "The book is by L. K. Advani."),
            ("It holds 1,500 litres of water. It is deep.", "1,500", "It holds 1,500 litres of water."),
            ("the water comes from the Sierra Nevada and", "Sierra Nevada", "The water comes from the Sierra Nevada."),
            ("It is called\nthe Outback", "Outback", "It is called the Outback."),
        ):
            self.assertEqual(sentence(output, (gold,)), expected)

    def test_what_says_that_it_answers_is_left_out(self):
        said = "The answer to this question is: Sir Donald Bradman has the best average."
        self.assertEqual(sentence(said, ("Donald Bradman",)), "Sir Donald Bradman has the best average.")
        said = "The answer is that it holds 40 litres."
        self.assertEqual(sentence(said, ("40",)), "It holds 40 litres.")

    def test_no_sentence_is_what_lacks_the_answer_is_nothing_else_or_speaks_of_the_question(self):
        for output in ("", "It was Rome.", "The answer is 40%.", "40%", "The question mentions 40 litres, and"):
            self.assertIsNone(sentence(output, ("40",)), output)
        self.assertIsNone(sentence("It holds 140 litres.", ("40",)))
        self.assertIsNone(sentence("It holds.", ("", "the")))


class Lessons(unittest.TestCase):
    def test_a_lesson_has_the_gold_passages_alone_and_none_is_a_choice(self):
        found = list(lessons(RECORDS))
        self.assertEqual([line["id"] for line in found], ["1", "4"])
        self.assertEqual([passage["title"] for passage in found[0]["passages"]], ["T1"])
        self.assertEqual(set(found[0]), {"id", "question", "answers", "passages", "source", "licence"})

    def test_what_is_not_taught_yet_is_asked_again_with_a_note_that_tells_the_answer(self):
        (found,) = lessons(RECORDS, taught={"1", "2", "3"})
        self.assertEqual(found["id"], "4")
        self.assertEqual(found["passages"][-1], {"title": "Note", "text": "When was it built? 1871.", "gold": True})

    def test_answers_are_sentences_but_for_choices_and_records_without_one_are_left_out(self):
        said = {"1": ["No.", "The station was founded by Ida Holm."], "2": ["Skua is older than Petrel."], "4": ["?"]}
        self.assertEqual(
            list(answers(RECORDS, said)),
            [
                {"id": "1", "answer": "The station was founded by Ida Holm."},
                {"id": "2", "answer": "Petrel"},
                {"id": "3", "answer": "no"},
            ],
        )
