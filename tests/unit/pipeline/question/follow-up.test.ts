import { expect, test } from 'vitest';
import { retrievalQuestion } from '../../../../shared/pipeline/question/follow-up.ts';

const earlier = [
  { role: 'user', content: 'Who designed the Skerryvore lighthouse?' },
  { role: 'assistant', content: 'Alan Stevenson.' },
] as const;

test('the first question is sought as it stands', () => {
  expect(retrievalQuestion('When was it lit?', [])).toBe('When was it lit?');
});

test.each(['When was it first lit by the keepers?', 'How tall?', 'What about the keepers of the light?'])(
  'a follow-up is sought with the question before it: %s',
  (question) => {
    expect(retrievalQuestion(question, earlier)).toBe(`${earlier[0].content}\n${question}`);
  },
);

test('a question that names what it asks about is sought alone', () => {
  const question = 'Which ferry sails from Oban to Tiree on Sundays?';
  expect(retrievalQuestion(question, earlier)).toBe(question);
});
