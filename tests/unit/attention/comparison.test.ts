import { describe, expect, it } from 'vitest';
import { isRight } from '../../../shared/attention/comparison.ts';
import { COMPARISON_PROMPTS } from '../../../shared/attention/comparison-text.ts';
import { chooseAttention, MOST_LOST } from '../../../shared/attention/modes.ts';

describe('the bundled questions', () => {
  it('are forty', () => {
    expect(COMPARISON_PROMPTS.flatMap(({ questions }) => questions)).toHaveLength(40);
  });

  it.each(
    COMPARISON_PROMPTS.flatMap(({ questions, passages }) => questions.map((q, i) => ({ ...q, i, passages }))),
  )('$question is answered by its own passage alone', ({ question, answers, i, passages }) => {
    const telling = passages.filter(({ title, text }) => isRight(`${title} ${text}`, answers));
    expect(telling).toEqual([passages[i]]);
    expect(isRight(question, answers)).toBe(false);
  });
});

describe('an answer', () => {
  it('is right that holds the expected words, whatever their case and what stands around them', () => {
    expect(isRight('It was built in 1874.', ['1874'])).toBe(true);
    expect(isRight('"moira  LUSK"!', ['Moira Lusk'])).toBe(true);
  });

  it('is wrong that holds them as parts of others only', () => {
    expect(isRight('17 members', ['7'])).toBe(false);
    expect(isRight('', ['7'])).toBe(false);
  });
});

describe('the attention "auto"', () => {
  const cost = (block: number) => ({ full: 30, block });

  it('is full for a model that loses too much to block attention', () => {
    expect(chooseAttention('auto', cost(30 - MOST_LOST - 1))).toBe('full');
  });

  it('is block for one that does not, and for one that was not measured', () => {
    expect(chooseAttention('auto', cost(30 - MOST_LOST))).toBe('block');
    expect(chooseAttention('auto', cost(33))).toBe('block');
    expect(chooseAttention('auto', null)).toBe('block');
  });

  it('changes nothing where another was asked for', () => {
    expect(chooseAttention('block', cost(0))).toBe('block');
    expect(chooseAttention('anchor', cost(0))).toBe('anchor');
  });
});
