"""Questions made by rule from passages about people and films, as 2WikiMultihopQA's were: looked up, compared, chained.

They need no teacher: an answer stands in a passage, or follows from two dates or nationalities that do. "Yes" and "no"
are taught as often as each other, which no mix of real questions can promise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from .data import Passage, Record

SOURCE = "made by rule"
PASSAGES = 10
MOST_TRIES = 1000

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December".split("|")
DATE = rf"(?:\d{{1,2}} (?:{'|'.join(MONTHS)}) \d{{4}}|(?:{'|'.join(MONTHS)}) \d{{1,2}}, \d{{4}})"
LIFE = re.compile(rf"\((?P<before>[^()\d]*?)(?P<born>{DATE})(?:[^()–]{{0,40}}– ?(?P<died>{DATE}))?[^()]*\)")
NATIONALITY = re.compile(
    r",? ?(?:is|was) an? (?:(?:retired|former) )?(?P<nationality>[A-Z][a-z]+(?:an|ish|ese|ch|ek|sh|i))\b"
)
COUNTRY = dict.fromkeys(("English", "Scottish", "Welsh"), "British")
FILM = re.compile(r"\bis an? (?P<year>\d{4}) [^.]{0,80}?\bfilm\b")
NAME = r"[A-Z](?:\.|[\w'-]+)(?: (?:[A-Z](?:\.|[\w'-]+)|de|von|van|la|del))*"
DIRECTOR = re.compile(rf"\bdirected by (?P<director>{NAME})")


@dataclass(frozen=True)
class Person:
    """What a passage tells of a person."""

    name: str
    passage: Passage
    born: str
    died: str | None
    nationality: str | None


@dataclass(frozen=True)
class Film:
    """What a passage tells of a film."""

    name: str
    passage: Passage
    year: str
    director: str | None


Thing = Person | Film


def read_person(passage: Passage) -> Person | None:
    """A person by the parenthesis with the dates after the name, and the nationality after it."""
    name = plain_title(passage.title)
    start = passage.text[:300]
    life = LIFE.search(start)
    if life is None or not name or life["before"].count(" ") > 8:
        return None
    if name.split()[-1] not in start[: life.start()]:
        return None  # the dates of someone else
    nationality = NATIONALITY.match(passage.text, life.end())
    if nationality is None and "born" not in life["before"]:
        return None  # a war has two dates too
    return Person(name, passage, life["born"], life["died"], nationality and nationality["nationality"])


def read_film(passage: Passage) -> Film | None:
    """A film by "is a 1957 ... film", and its director."""
    film = FILM.search(passage.text[:250])
    if film is None:
        return None
    director = DIRECTOR.search(passage.text[:400])
    return Film(plain_title(passage.title), passage, film["year"], director and director["director"])


def plain_title(title: str) -> str:
    """A title without what tells it from another: `Hero (2002 film)`."""
    return re.sub(r" \([^()]*\)$", "", title).strip()


def order_of(date: str) -> tuple[int, int, int]:
    """Year, month, day."""
    words = date.replace(",", "").split()
    month = next(word for word in words if word in MONTHS)
    day, year = (int(word) for word in words if word != month)
    return year, MONTHS.index(month), day


@dataclass(frozen=True)
class Made:
    """A question, what it asks for, and the passages that tell it."""

    question: str
    answer: str
    gold: tuple[Passage, ...]


class Maker:
    """Makes questions from the passages of records."""

    def __init__(self, records: list[Record], seed: int) -> None:
        self._rng = Random(seed)
        passages = {(p.title, p.text): p for record in records for p in record.passages}.values()
        self._people = [person for passage in passages if (person := read_person(passage))]
        self._films = [film for passage in passages if (film := read_film(passage))]
        by_name = {person.name: person for person in self._people}
        self._of_a_director = [film for film in self._films if film.director]
        self._directed = [(film, by_name[film.director]) for film in self._films if film.director in by_name]
        self._dead = [person for person in self._people if person.died]
        # Name, nationality (of a film its director's) and the passages that tell it.
        self._natives = [(p.name, p.nationality, (p.passage,)) for p in self._people if p.nationality]
        self._films_of_natives = [
            (film.name, director.nationality, (film.passage, director.passage))
            for film, director in self._directed
            if director.nationality
        ]
        if min(map(len, (self._people, self._films, self._directed, self._dead, self._natives))) < PASSAGES:
            raise ValueError("the passages tell of too few people and films")
        self._passages = [thing.passage for thing in (*self._people, *self._films)]

    def records(self, count: int) -> Iterator[dict]:
        """Records as the files of questions have them, no question twice; every way of asking as often as the others.

        @raise ValueError where there are not so many questions
        """
        ways = (self._look_up, self._look_up_film, self._compare, self._compare_films, self._same, self._chain)
        seen: set[str] = set()
        for number in range(count):
            way = ways[number % len(ways)]
            made = next((made for _ in range(MOST_TRIES) if (made := way()).question not in seen), None)
            if made is None:
                raise ValueError(f"the passages give only {number} questions")
            seen.add(made.question)
            yield self._record(f"made-{number + 1}", made)

    def _look_up(self) -> Made:
        person = self._rng.choice(self._people)
        return Made(*self._fact(person, person.name), (person.passage,))

    def _look_up_film(self) -> Made:
        film = self._rng.choice(self._of_a_director)
        forms = [(f"When was the film {film.name} released?", film.year)]
        forms += [(f"Who directed {film.name}?", film.director)]
        forms += [(f"Who is the director of film {film.name}?", film.director)]
        return Made(*self._rng.choice(forms), (film.passage,))

    def _compare(self) -> Made:
        if self._rng.random() < 0.5:
            first, last = self._ordered(self._people, lambda person: order_of(person.born))
            forms = [("Who is older, {} or {}?", first), ("Who was born first, {} or {}?", first)]
            forms += [("Who is younger, {} or {}?", last), ("Who was born later, {} or {}?", last)]
        else:
            first, last = self._ordered(self._dead, lambda person: order_of(person.died))
            forms = [("Who died first, {} or {}?", first), ("Who died later, {} or {}?", last)]
        return self._choice(forms, first, last)

    def _compare_films(self) -> Made:
        first, last = self._ordered(self._films, lambda film: int(film.year))
        forms = [("Which film came out first, {} or {}?", first)]
        forms += [("Which film was released earlier, {} or {}?", first)]
        forms += [("Which film was released more recently, {} or {}?", last)] * 2
        return self._choice(forms, first, last)

    def _same(self) -> Made:
        same = self._rng.random() < 0.5
        if self._rng.random() < 0.5:
            native = self._natives
            forms = ["Are {} and {} of the same nationality?", "Were {} and {} of the same nationality?"]
            forms += ["Do {} and {} have the same nationality?"]
        else:
            native = self._films_of_natives
            forms = ["Are the directors of films {} and {} both from the same country?"]
            forms += ["Do both films {} and {} have the directors from the same country?"]

        def fits(one: tuple, other: tuple) -> bool:
            countries = [COUNTRY.get(nationality, nationality) for _, nationality, _ in (one, other)]
            return (countries[0] == countries[1]) == same and one[0] != other[0]

        (one, _, told), (other, _, also) = self._pair(native, fits)
        return Made(self._rng.choice(forms).format(one, other), "yes" if same else "no", told + also)

    def _chain(self) -> Made:
        film, director = self._rng.choice(self._directed)
        name = self._rng.choice([f"the director of film {film.name}", f"the director of {film.name}"])
        return Made(*self._fact(director, name), (film.passage, director.passage))

    def _fact(self, person: Person, name: str) -> tuple[str, str]:
        """A question about a person, by this name, and its answer."""
        forms = [(f"When was {name} born?", person.born), (f"What is the date of birth of {name}?", person.born)]
        if person.died:
            forms += [(f"When did {name} die?", person.died), (f"What is the date of death of {name}?", person.died)]
        if person.nationality:
            forms += [(f"What nationality is {name}?", person.nationality)] * 2
        return self._rng.choice(forms)

    def _ordered(self, among: list[Thing], key: Callable[[Thing], object]) -> list[Thing]:
        """Two whose keys differ, in the order of the keys."""
        two = self._pair(among, lambda one, other: key(one) != key(other) and one.name != other.name)
        return sorted(two, key=key)

    def _pair(self, among: list, fits: Callable[..., bool]) -> list:
        """Two that fit together."""
        for _ in range(MOST_TRIES):
            two = self._rng.sample(among, 2)
            if fits(*two):
                return two
        raise ValueError("the people and films of the passages are too much alike")

    def _choice(self, forms: list[tuple[str, Thing]], first: Thing, last: Thing) -> Made:
        """One of the forms, with both names in either order."""
        form, answer = self._rng.choice(forms)
        names = self._rng.sample([first.name, last.name], 2)
        return Made(form.format(*names), answer.name, (first.passage, last.passage))

    def _record(self, id: str, made: Made) -> dict:
        others = self._rng.sample(self._passages, PASSAGES)
        titles = {passage.title for passage in made.gold}
        others = [passage for passage in others if passage.title not in titles][: PASSAGES - len(made.gold)]
        passages = [
            {"title": passage.title, "text": passage.text, "gold": gold}
            for group, gold in ((made.gold, True), (others, False))
            for passage in group
        ]
        self._rng.shuffle(passages)
        return {
            "id": id,
            "question": made.question,
            "answers": [made.answer],
            "passages": passages,
            "source": SOURCE,
            "licence": "as the file that the passages are from",
        }
