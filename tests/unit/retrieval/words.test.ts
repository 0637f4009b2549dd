import { expect, it } from 'vitest';
import { toWords } from '../../../shared/retrieval/words.ts';

it('leaves text with spaces as it is', () => {
  expect(toWords('The pump, a "P-40"; Größe 3.')).toBe('The pump, a "P-40"; Größe 3.');
});

it('cuts scripts without spaces into overlapping pairs, up to the punctuation', () => {
  expect(toWords('東京都は、OKです').trim()).toBe('東京 京都 都は 、OK です');
  expect(toWords('水 데이터')).toBe(' 水   데이 이터 '.normalize('NFKC'));
});

it('unifies full-width forms and composes letters', () => {
  expect(toWords('ＡＢＣ１２')).toBe('ABC12');
  expect(toWords('u\u0308ber')).toBe('über');
});
