import { expect, it } from 'vitest';
import { identifiersOf } from '../../../shared/retrieval/identifiers.ts';

const of = (text: string, anyCase = false) => [...identifiersOf(text, { anyCase })].sort();

it.each([
  ['E-4012/E-4013', ['e4012', 'e4013']],
  ['3F-1180', ['3f1180']],
  ['account 4711-B, please', ['4711b']],
  ['W 77: change the gel', ['w77']],
  ['ERR_4711', ['err4711']],
  ['invoice 20391', ['20391']],
  ['Ｅ－４０１２', ['e4012']],
  ['E-4012是什么', ['e4012']],
  ['Ошибка Ф-12', ['ф12']],
])('finds those of %s', (text, identifiers) => {
  expect(of(text)).toEqual(identifiers);
});

it.each([
  'in 1990',
  'the 19th of May',
  'the 1980s',
  'a pipe of 50mm',
  'a 24-hour shift',
  '2024-05-12',
  '3.14',
  'is 42',
])('finds none in: %s', (text) => {
  expect(of(text)).toEqual([]);
  expect(of(text, true)).toEqual([]);
});

it('takes a letter of any case before a number in a question only', () => {
  expect(of('what is w 77?', true)).toEqual(['w77']);
  expect(of('what is w 77?')).toEqual([]);
});
