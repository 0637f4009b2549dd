import { expect, test } from 'vitest';
import type { Turn } from '../../../../shared/model/prompt.ts';
import { retrievalQuestion } from '../../../../shared/pipeline/question/follow-up.ts';

const said = (...questions: string[]): Turn[] =>
  questions.flatMap((content): Turn[] => [
    { role: 'user', content },
    { role: 'assistant', content: 'Alan Stevenson.' },
  ]);
const FIRST = 'Who designed the Skerryvore lighthouse?';

test('the first question is sought as it stands', () => {
  expect(retrievalQuestion('When was it lit?', [])).toBe('When was it lit?');
});

test.each([
  'When was it first lit by the keepers?',
  'How tall?',
  'What about the keepers of the light?',
  'And in the winter months of the year?',
  'Und wann fährt sie am Sonntag zurück?',
  'Combien coûte-t-elle en hiver ?',
  '¿A qué hora sale los domingos?',
  'А по воскресеньям?',
  '那冬天呢？',
  '冬はどうですか',
  '그럼 겨울에는 언제 출발해요?',
  'ومتى تغادر يوم الأحد؟',
  'ובימי ראשון?',
  'और रविवार को?',
  'แล้ววันอาทิตย์ล่ะ',
  'Peki pazar günleri?',
])('a follow-up is sought with the question before it: %s', (question) => {
  expect(retrievalQuestion(question, said(FIRST))).toBe(`${FIRST}\n${question}`);
});

test.each([
  'Which ferry sails from Oban to Tiree on Sundays?',
  'Können Sie mir sagen, wann das Museum am Sonntag öffnet?',
  'Où se trouve le point de rassemblement de la station ?',
  'Как зовут начальника лоцманской станции Кельм?',
])('a question that names what it asks about is sought alone: %s', (question) => {
  expect(retrievalQuestion(question, said(FIRST))).toBe(question);
});

test('a chain of follow-ups is sought back to the question that stands alone', () => {
  const earlier = said('What time does the museum in the old harbour open?', FIRST, 'And when was it lit?');
  expect(retrievalQuestion('And by whom?', earlier)).toBe(`${FIRST}\nAnd when was it lit?\nAnd by whom?`);
});

test('of a long chain the first question and the last follow-ups are sought', () => {
  const follow = ['And how tall?', 'And how old?', 'And how far?', 'And how bright?'];
  const sought = retrievalQuestion('And how heavy?', said(FIRST, ...follow));
  expect(sought.split('\n')).toEqual([FIRST, ...follow.slice(1), 'And how heavy?']);
});
