import { describe, expect, it } from 'vitest';
import { PASSAGE_FLOOR, QUESTION_FLOOR, relevantPassages } from '../../../shared/retrieval/relevance.ts';

const found = (similarity: number, text = 'The pump is blue.') => ({ similarity, text });

describe('the relevance floor', () => {
  it('keeps nothing when no passage is near the question', () => {
    expect(relevantPassages('What is the best pizza topping?', [])).toEqual([]);
    expect(relevantPassages('asdf', [found(QUESTION_FLOOR - 0.01), found(0.2)])).toEqual([]);
  });

  it('keeps, in their order, the passages that may help once one is near', () => {
    const passages = [found(PASSAGE_FLOOR), found(QUESTION_FLOOR), found(PASSAGE_FLOOR - 0.01), found(0.9)];
    expect(relevantPassages('Is it blue?', passages)).toEqual([passages[0], passages[1], passages[3]]);
  });

  it('keeps a passage that names the identifier asked for, however far it is', () => {
    const error = found(0.05, 'The display shows ERR_4711.');
    const invoice = found(-0.1, 'Invoice 20391 was approved.');
    expect(relevantPassages('What is err_4711?', [found(0.2), error])).toEqual([found(0.2), error]);
    expect(relevantPassages('Invoice 20391?', [invoice, found(0.1)])).toEqual([invoice]);
    expect(relevantPassages('What is ERR_471?', [error])).toEqual([]);
  });

  it('takes no year, number or ordinal for an identifier', () => {
    const passage = found(0.1, 'In 1990, in the 19th match, 42 goals fell.');
    expect(relevantPassages('Who was 42 in 1990, the 19th?', [passage])).toEqual([]);
  });
});
