"""Layouts and masks by their definition."""

import unittest

from ..masks import MODES, Layout

LAYOUT = Layout(blocks=(2, 3, 2), finals=(2, 3))


class Masks(unittest.TestCase):
    def test_positions_run_through_the_context_and_start_anew_for_every_final_block(self):
        self.assertEqual(LAYOUT.positions(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 7, 8, 9])
        self.assertEqual((LAYOUT.context, LAYOUT.tokens), (7, 12))

    def test_a_passage_sees_itself_only_under_the_block_mask_and_all_before_it_under_the_causal_one(self):
        seen = {mode: [k for k in range(12) if LAYOUT.sees(mode, 3, k)] for mode in MODES}
        self.assertEqual(seen, {"full": [0, 1, 2, 3], "block": [2, 3]})

    def test_a_final_block_sees_the_context_and_itself_but_no_other_question(self):
        for mode in MODES:
            seen = [key for key in range(12) if LAYOUT.sees(mode, 10, key)]
            self.assertEqual(seen, [0, 1, 2, 3, 4, 5, 6, 9, 10])

    def test_runs_of_the_context_say_the_same_as_the_mask(self):
        for mode in MODES:
            for start, end in LAYOUT.context_runs(mode):
                for query in range(start, end):
                    seen = [key for key in range(12) if LAYOUT.sees(mode, query, key)]
                    self.assertEqual(seen, list(range(start, query + 1)))

    def test_the_masks_are_the_same_where_there_is_one_block(self):
        layout = Layout(blocks=(5,), finals=(2, 2))
        for query in range(layout.tokens):
            for key in range(layout.tokens):
                self.assertEqual(layout.sees("full", query, key), layout.sees("block", query, key))
