import { describe, expect, it } from 'vitest';
import { foldText, holdsWord, questionWords } from '../../../shared/retrieval/question-words.ts';

const wordsOf = (question: string) => questionWords(question).words.map(({ word }) => word);
const holds = (text: string, word: string) => holdsWord(foldText(text), word);

describe('the words of a question', () => {
  it('are those that carry its subject', () => {
    expect(wordsOf('Who repairs the pumps of the station?')).toEqual(['repairs', 'pumps', 'station']);
    expect(wordsOf('Wer repariert hier die Pumpen?')).toEqual(['repariert', 'pumpen']);
    expect(wordsOf("Qu'est-ce que l'équipe répare ?")).toEqual(['equipe', 'repare']);
    expect(wordsOf('谁修理水泵？')).toEqual(['修理', '水泵']);
    expect(wordsOf('ポンプを直すのは誰ですか。')).toEqual(['ポンプ', '直す']);
  });

  it('tell the language', () => {
    expect(questionWords('Who repairs the pumps?').language).toBe('en');
    expect(questionWords('Wer repariert die Pumpen?').language).toBe('de');
    expect(questionWords('Qui répare les pompes ?').language).toBe('fr');
    expect(questionWords('Кто чинит насосы?').language).toBe('ru');
    expect(questionWords('E-4012').language).toBeUndefined();
  });

  it('weigh more where they are names', () => {
    const { words } = questionWords('Where does Zygmunt live?');
    expect(words).toEqual([
      { word: 'zygmunt', weight: 2 },
      { word: 'live', weight: 1 },
    ]);
  });
});

describe('a text', () => {
  it('holds other forms of a word, and what it is compounded of', () => {
    expect(holds('Die Pumpe ist blau.', 'pumpen')).toBe(true);
    expect(holds('Er hat Urlaub.', 'urlaubstage')).toBe(true);
    expect(holds('Pompayı onarır.', 'onariyor')).toBe(true);
    expect(holds('CAFÉ', 'cafe')).toBe(true);
  });

  it('does not hold a word that only begins alike, or another number', () => {
    expect(holds('The statue fell.', 'station')).toBe(false);
    expect(holds('In 1998.', '199')).toBe(false);
    expect(holds('It was won.', 'wonder')).toBe(false);
  });
});
