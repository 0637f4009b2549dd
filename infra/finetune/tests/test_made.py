"""Questions made by rule: what is read off passages, and that each answer follows from its gold passages."""

import re
import unittest

from ..data import Passage, Record
from ..made import COUNTRY, MONTHS, Maker, order_of, read_film, read_person

NATIONALITIES = ("American", "French", "Polish", "Scottish", "English")


def passages() -> list[Passage]:
    """40 people, every second of whom is dead, and 40 films that they directed."""
    found = []
    for i in range(40):
        born, died = f"{i % 28 + 1} {MONTHS[i % 12]} {1900 + i}", f"{MONTHS[i % 7]} {i % 9 + 1}, {2015 - i}"
        life = f"({born} – {died}) was" if i % 2 else f"(born {born} in Town{i}) is"
        found.append(Passage(f"Ann P{i}", f"Ann P{i} {life} a {NATIONALITIES[i % 5]} director.", False))
        text = f"Film{i} is a {1950 + i} silent film directed by Ann P{i}. It is long."
        found.append(Passage(f"Film{i} ({1950 + i} film)", text, False))
    return found


RECORDS = [Record("1", "Why?", ("so",), tuple(passages()), "made", "CC0", "so")]
MADE = list(Maker(RECORDS, seed=1).records(600))


class Reading(unittest.TestCase):
    def test_a_person_has_dates_after_the_name_and_a_nationality_after_the_dates(self):
        text = "Nathan Watt( April 6, 1889 – May 26, 1968) was an American film director from Canada."
        person = read_person(Passage("Nate Watt", text, False))
        self.assertEqual((person.born, person.died, person.nationality), ("April 6, 1889", "May 26, 1968", "American"))
        text = "Pliers (born Everton Bonner on 4 April 1963, Kingston), is a Jamaican singer."
        person = read_person(Passage("Pliers (singer)", text, False))
        self.assertEqual((person.name, person.born, person.died), ("Pliers", "4 April 1963", None))
        self.assertEqual(person.nationality, "Jamaican")

    def test_a_war_a_year_without_a_day_and_another_ones_dates_are_no_person(self):
        for title, text in (
            ("Nigerian Civil War", "The Nigerian Civil War (6 July 1967 – 15 January 1970) was a war in Nigeria."),
            ("Leon Gordon", "Leon Gordon (1891 - January 4, 1960) was an English-born playwright."),
            ("", "Ann (born 4 May 1900) was a French painter."),
            ("Jane Roe", "Her father (born 4 May 1900) was a French painter."),
        ):
            self.assertIsNone(read_person(Passage(title, text, False)), title)

    def test_a_film_has_a_year_and_a_director_whose_name_ends_with_the_sentence(self):
        text = "Diary is a 2013 documentary film directed by D. W. de Groot. The film is long."
        film = read_film(Passage("Diary (2013 film)", text, False))
        self.assertEqual((film.name, film.year, film.director), ("Diary", "2013", "D. W. de Groot"))
        self.assertIsNone(read_film(Passage("Diary", "Diary is a 2013 novel by D. Groot.", False)))

    def test_dates_of_both_forms_are_ordered_by_year_month_and_day(self):
        dates = ["31 December 1899", "January 2, 1900", "3 January 1900", "February 1, 1900"]
        self.assertEqual(sorted(reversed(dates), key=order_of), dates)


class Making(unittest.TestCase):
    def test_every_answer_follows_from_the_gold_passages(self):
        kinds = set()
        for record in MADE:
            gold = {p["title"]: p["text"] for p in record["passages"] if p["gold"]}
            question, (answer,) = record["question"], record["answers"]
            words = set(re.findall(r"Ann P\d+|Film\d+", question))
            self.assertTrue(all(re.search(rf"{word}\b", " ".join(gold.values())) for word in words), question)
            kind = next((w for w in ("older", "first", "earlier", "younger", "later", "recent") if w in question), None)
            told = next((text for text in gold.values() if re.search(rf"{answer}\b", text)), None)
            if kind is not None:
                key = order if "died" not in question and "film" not in question else last_order
                ordered = sorted(gold.values(), key=key)
                self.assertIs(ordered[0 if kind in ("older", "first", "earlier") else 1], told, question)
            elif answer in ("yes", "no"):
                kind = "same"
                found = [n for text in gold.values() for n in NATIONALITIES if f" {n} " in text]
                alike = len({COUNTRY.get(n, n) for n in found}) == 1
                self.assertEqual(len(found), 2)
                self.assertEqual(alike, answer == "yes", question)
            else:
                kind = "chained" if len(gold) == 2 else "looked up"
                self.assertIsNotNone(told, question)
            kinds.add(kind)
        self.assertEqual(len(kinds), 9)

    def test_yes_is_as_frequent_as_no(self):
        said = [record["answers"][0] for record in MADE]
        self.assertLess(abs(said.count("yes") - said.count("no")), 25)

    def test_no_question_comes_twice_and_no_passage_of_a_record(self):
        self.assertEqual(len({record["question"] for record in MADE}), len(MADE))
        for record in MADE:
            titles = [p["title"] for p in record["passages"]]
            self.assertEqual(len(titles), len(set(titles)))
            self.assertEqual(len(titles), 10)

    def test_too_few_passages_are_said_to_be_too_few(self):
        with self.assertRaisesRegex(ValueError, "too few"):
            Maker([Record("1", "Why?", ("so",), tuple(passages()[:8]), "made", "CC0", "so")], seed=1)
        with self.assertRaisesRegex(ValueError, "questions"):
            list(Maker(RECORDS, seed=1).records(100_000))

    def test_the_same_seed_gives_the_same_questions(self):
        self.assertEqual(list(Maker(RECORDS, seed=1).records(600)), MADE)
        self.assertNotEqual(list(Maker(RECORDS, seed=2).records(600)), MADE)


def order(text: str) -> int:
    """The year of birth, or of the film."""
    return int(re.search(r"\d{4}", text)[0])


def last_order(text: str) -> int:
    """The year of death, or of the film."""
    return int(re.findall(r"\d{4}", text)[-1])
