"""Sampling and packing of records, with words for tokens."""

import unittest
from dataclasses import replace

from ..data import MOST_OF_ARTICLE, NO_ANSWER, Chat, Passage, Record, choose_answer, epoch_order, holds, normalise
from ..packing import Mix, Position, SequenceStream, with_answers
from ..schedule import learning_rate


class WordPrompt:
    """A prompt whose tokens are words."""

    preface = ["PREFACE"]

    def passage(self, title, text):
        return f"- {title} {text}".split()

    def chat(self, content):
        return ["OPENING", *content.split(), "ASSISTANT"]

    def encode(self, text):
        return text.split()

    def question(self, question):
        return [*f"Question: {question}".split(), "ASSISTANT"]

    def answer(self, answer):
        return [*answer.split(), "END"]


def record(number: int, source: str = "made") -> Record:
    gold = Passage(f"gold{number}", f"secret{number} " + "is told here " * 4, True)
    others = [Passage(f"other{number}.{i}", f"nothing{number}.{i} " + "to see " * 5, False) for i in range(9)]
    answer = f"secret{number}"
    return Record(str(number), f"what{number}", (answer,), (gold, *others), source, "CC0", answer)


RECORDS = [record(i) for i in range(600)]
MIX = Mix(max_tokens=150, long_tokens=400, no_answer_share=0.2)


def take(seed: int, count: int, position: Position = Position(), mix: Mix = MIX):
    stream = SequenceStream(RECORDS, WordPrompt(), mix, seed, position)
    return [stream.next() for _ in range(count)], stream.position


class Packing(unittest.TestCase):
    def test_every_question_of_a_sequence_is_answered_by_its_context_or_said_not_to_be(self):
        silent = 0
        for sequence in take(1, 150)[0]:
            context = sequence.ids[: sequence.layout.context]
            answers = " ".join(sequence.targets).split(" END")[:-1]
            questions = [sequence.ids[start + 1] for start, _ in sequence.layout.final_runs()]
            self.assertEqual(len(answers), len(questions))
            for question, answer in zip(questions, answers):
                secret = question.replace("what", "secret")
                told = answer.strip() == secret
                self.assertEqual(told, secret in context)
                if not told:
                    silent += 1
                    self.assertEqual(answer.strip(), NO_ANSWER)
        self.assertGreater(silent, 20)

    def test_each_target_follows_its_row(self):
        for sequence in take(2, 50)[0]:
            for row, target in zip(sequence.rows, sequence.targets):
                if target != "END":
                    self.assertEqual(sequence.ids[row + 1], target)

    def test_sequences_fill_their_budget_and_keep_to_it(self):
        for mix, budget in (
            (Mix(max_tokens=70, long_share=0, hard_share=0), 70),
            (Mix(max_tokens=70, long_tokens=120, long_share=1), 120),
            (Mix(max_tokens=70, long_tokens=100, long_share=0, hard_share=1), 100),
        ):
            sizes = [sequence.layout.tokens for sequence in take(3, 150, mix=mix)[0]]
            self.assertTrue(budget - 20 < max(sizes) <= budget, (budget, max(sizes)))

    def test_sequences_repeat_no_passage(self):
        for sequence in take(3, 150)[0]:
            titles = [word for before, word in zip(sequence.ids, sequence.ids[1:]) if before == "-"]
            self.assertEqual(len(titles), len(set(titles)))
            self.assertEqual(len(titles), len(sequence.layout.blocks) - 1)

    def test_the_stream_goes_on_from_a_position_as_if_never_stopped_over_the_end_of_an_epoch_too(self):
        whole, end = take(4, 500)
        self.assertGreater(end.epoch, 0)
        first, middle = take(4, 130)
        rest, _ = take(4, 370, middle)
        self.assertEqual(first + rest, whole)

    def test_prompts_without_documents_come_by_their_share_and_take_no_record(self):
        chats = [Chat(f"prompt {i}", f"said {i}", i % 2 == 0) for i in range(9)]
        stream = SequenceStream(RECORDS, WordPrompt(), MIX, 7, chats=chats)
        found = 0
        for _ in range(300):
            cursor = stream.position.cursor
            sequence = stream.next()
            if sequence.layout.blocks:
                continue
            found += 1
            self.assertEqual(stream.position.cursor, cursor)
            self.assertEqual(sequence.modes, ("full",))
            for (start, end), length in zip(sequence.layout.final_runs(), sequence.lengths):
                prompt, number = sequence.ids[start + 1], sequence.ids[start + 2]
                self.assertEqual((sequence.ids[start], prompt), ("OPENING", "prompt"))
                ended = int(number) % 2 == 0
                self.assertEqual(length, 3 if ended else 2)
                self.assertEqual(sequence.ids[start + 4 : end], ["said", number] if ended else ["said"])
            self.assertEqual([t for t in sequence.targets if t == "said"], ["said", "said"])
        self.assertTrue(15 < found < 60, found)

    def test_a_share_of_the_same_sequences_is_trained_under_the_causal_mask_too(self):
        both = take(5, 200)[0]
        some = take(5, 200, mix=replace(MIX, full_share=0.25))[0]
        self.assertEqual([replace(sequence, modes=("full", "block")) for sequence in some], both)
        full = sum("full" in sequence.modes for sequence in some)
        self.assertTrue(30 < full < 70, full)
        self.assertTrue(all("block" in sequence.modes for sequence in some))

    def test_neighbouring_passages_are_joined_by_their_share_with_the_same_tokens(self):
        apart, joined = take(5, 100)[0], take(5, 100, mix=replace(MIX, join_share=0.4))[0]
        self.assertEqual([sequence.ids for sequence in joined], [sequence.ids for sequence in apart])
        passages = sum(len(sequence.layout.blocks) - 1 for sequence in apart)
        blocks = sum(len(sequence.layout.blocks) - 1 for sequence in joined)
        self.assertTrue(0.5 * passages < blocks < 0.8 * passages, (blocks, passages))
        for sequence in joined:  # the preface is never one with a passage, and no block ends within one
            self.assertEqual(sequence.layout.blocks[0], 1)
            starts = [sum(sequence.layout.blocks[:i]) for i in range(1, len(sequence.layout.blocks))]
            self.assertTrue(all(sequence.ids[start] == "-" for start in starts))

    def test_questions_and_answers_are_found_in_a_sequence_and_answers_can_be_others(self):
        for sequence in take(5, 20)[0]:
            questions, answers = sequence.taught()
            self.assertTrue(all(q[0] == "Question:" and q[-1] == "ASSISTANT" for q in questions))
            self.assertEqual([token for answer in answers for token in answer], sequence.targets)
            self.assertEqual(with_answers(sequence, answers), sequence)
            for answer, gold in zip(answers, sequence.gold):
                self.assertEqual(gold, () if " ".join(answer[:-1]) == NO_ANSWER else (answer[0],))
            other = with_answers(sequence, [["no", "idea", "END"] for _ in answers])
            self.assertEqual(other.taught(), (questions, [["no", "idea", "END"] for _ in answers]))

    def test_a_share_of_the_same_sequences_is_to_have_the_teachers_own_answers(self):
        some = take(5, 200, mix=replace(MIX, own_share=0.25))[0]
        self.assertEqual([replace(sequence, own=False) for sequence in some], take(5, 200)[0])
        self.assertTrue(30 < sum(sequence.own for sequence in some) < 70)

    def test_records_of_one_article_stand_together_and_share_a_sequence(self):
        others = tuple(Passage("article", f"other {i}", False) for i in range(9))
        records = list(RECORDS)
        for i in range(40):
            passages = (Passage("article", f"fact{i} is told here", True), *others)
            records.append(Record(f"a{i}", f"what{i}", (f"fact{i}",), passages, "made", "CC0", f"fact{i}"))
        order = epoch_order(records, seed=1, epoch=0)
        places = [place for place, i in enumerate(order) if i >= 600]
        groups = sum(1 for a, b in zip([-9, *places], places) if b != a + 1)
        self.assertLessEqual(groups, -(-40 // MOST_OF_ARTICLE))
        stream = SequenceStream(records, WordPrompt(), MIX, 1)
        most = 0
        while stream.position.epoch == 0:
            sequence = stream.next()
            most = max(most, sum(word.startswith("fact") for word in sequence.targets))
        self.assertGreater(most, 4)

    def test_another_seed_is_another_order(self):
        self.assertNotEqual(take(5, 5)[0], take(6, 5)[0])

    def test_an_epoch_has_every_record_once_and_those_of_small_sources_four_times(self):
        records = [*RECORDS, record(600, "small")]
        order = epoch_order(records, seed=1, epoch=0)
        self.assertEqual(sorted(order), [*range(600), 600, 600, 600, 600])


class Answers(unittest.TestCase):
    def test_the_answer_taught_is_the_first_that_a_gold_passage_holds(self):
        passages = (Passage("Zygote", "A fertilised egg, the zygote, divides.", True),)
        self.assertEqual(choose_answer(["Fertilized ovum", "the zygote", "egg"], passages), "the zygote")
        self.assertEqual(choose_answer(["Unknown"], passages), "Unknown")

    def test_texts_are_compared_without_case_punctuation_and_articles_and_by_whole_words(self):
        self.assertEqual(normalise("The  Cat, a DOG!"), "cat dog")
        self.assertTrue(holds("He said no.", "No"))
        self.assertFalse(holds("Nobody knows.", "no"))


class Schedule(unittest.TestCase):
    def test_the_rate_warms_up_stays_and_decays_from_where_it_is_told_to(self):
        stable = [learning_rate(step, 1.0, 4, None, 0) for step in (0, 1, 3, 4, 5000)]
        self.assertEqual(stable, [0.25, 0.5, 1.0, 1.0, 1.0])
        decay = [learning_rate(step, 1.0, 4, 100, 4) for step in (100, 101, 103, 104)]
        self.assertEqual(decay, [1.0, 0.75, 0.25, 0.0])
