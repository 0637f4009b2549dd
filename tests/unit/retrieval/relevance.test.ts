import { describe, expect, it } from 'vitest';
import { PASSAGE_FLOOR, relevantPassages as relevant } from '../../../shared/retrieval/relevance.ts';

const ENGLISH = { unrelated: 0, english: true };
const relevantPassages = <P extends { similarity: number; text: string }>(
  questions: string[],
  passages: P[],
  model = ENGLISH,
  whole = false,
) => relevant(questions, passages, model, { whole });

const found = (similarity: number, text = 'The pump is blue.') => ({ similarity, text });

describe('the relevance floor', () => {
  it('keeps nothing when neither words nor meaning are near the question', () => {
    expect(relevantPassages(['What is the best pizza topping?'], [])).toEqual([]);
    expect(relevantPassages(['Which topping is best on pizza?'], [found(0.55), found(0.2)])).toEqual([]);
  });

  it('keeps, in their order, the passages that may help once one is near', () => {
    const other = 'Tides turn twice a day.';
    const passages = [found(PASSAGE_FLOOR, other), found(0.63, other), found(0.14, other), found(0.9, other)];
    const kept = [passages[0], passages[1], passages[3]];
    expect(relevantPassages(['Is it the colour?'], passages)).toEqual(kept);
  });

  it('takes words for what is missing in similarity', () => {
    const named = found(0.15, 'Zygmunt Okafor repairs the pumps.');
    expect(relevantPassages(['Who is Zygmunt?'], [named])).toEqual([named]);
    expect(relevantPassages(['Who is Ferdinand?'], [named])).toEqual([]);
    expect(relevantPassages(['Who won the marathon in 1998?'], [found(0.3, 'They won again.')])).toEqual([]);
  });

  it('keeps a passage that names the identifier asked for, however far it is', () => {
    const error = found(0.05, 'The display shows ERR_4711.');
    const invoice = found(-0.1, 'Invoice 20391 was approved.');
    expect(relevantPassages(['What is err_4711?'], [found(0.2), error])).toEqual([found(0.2), error]);
    expect(relevantPassages(['Invoice 20391?'], [invoice, found(0.1)])).toEqual([invoice]);
    expect(relevantPassages(['What is ERR_471?'], [error])).toEqual([]);
  });

  it('asks for less where the passages are all that there are', () => {
    const passages = [found(0.55, 'Tides turn twice a day.')];
    expect(relevantPassages(['Is it the colour?'], passages)).toEqual([]);
    expect(relevantPassages(['Is it the colour?'], passages, ENGLISH, true)).toEqual(passages);
  });

  it('is passed by a question in one of its forms', () => {
    const passage = found(0.2, 'On Sundays the ferry to Brenna leaves at ten.');
    expect(relevantPassages(['Why?', 'When does the ferry to Brenna leave?\nWhy?'], [passage])).toEqual([
      passage,
    ]);
    expect(relevantPassages(['Why?'], [passage])).toEqual([]);
  });
});

describe('in a language that the embedder does not know', () => {
  const floor = (question: string, text: string) =>
    relevantPassages([question], [found(0.7, text)]).length > 0;

  it.each([
    ['Wie viele Urlaubstage habe ich?', 'Jeder Lotse hat 31 Tage Urlaub.'],
    ['Combien de jours de congé ai-je ?', 'Chaque pilote a droit à 31 jours de congés.'],
    ['Кто чинит насосы?', 'Зигмунт чинит насос каждую весну.'],
    ['谁修理水泵？', '齐格蒙特修理水泵。'],
    ['ポンプを直すのは誰ですか。', 'ジグムントがポンプを直します。'],
    ['누가 펌프를 고칩니까?', '지그문트가 펌프와 열쇠를 맡습니다.'],
    ['من يصلح المضخات؟', 'زيغمونت يصلح مضخات المحطة.'],
    ['מי מתקן את המשאבות?', 'זיגמונט אחראי למשאבות.'],
    ['पंपों की मरम्मत कौन करता है?', 'ज़िगमुंट पंप की मरम्मत करते हैं।'],
    ['ใครซ่อมปั๊มน้ำ', 'ซิกมุนท์ซ่อมปั๊มน้ำทุกปี'],
    ['Pompaları kim onarıyor?', 'Zygmunt pompayı her yıl onarır.'],
  ])('words decide: %s', (question, text) => {
    expect(floor(question, text)).toBe(true);
  });

  it.each([
    ['Wer gewann 1998 die Weltmeisterschaft?', 'Jeder Lotse hat 31 Tage Urlaub.'],
    ['Qui a gagné la coupe du monde en 1998 ?', 'Chaque pilote a droit à 31 jours de congés.'],
    ['Кто выиграл чемпионат мира в 1998 году?', 'Зигмунт чинит насос каждую весну.'],
    ['谁赢得了一九九八年世界杯？', '每位引航员每年有三十一天假期。'],
    ['一九九八年のワールドカップで優勝したのは誰ですか。', '休暇は年に三十一日です。'],
    ['1998년 월드컵에서 누가 우승했습니까?', '휴가는 일 년에 31일입니다.'],
    ['من فاز بكأس العالم عام 1998؟', 'لكل مرشد 31 يوما من الإجازة في السنة.'],
    ['מי זכה בגביע העולם ב-1998?', 'לכל נתב 31 ימי חופשה בשנה.'],
    ['1998 का विश्व कप किसने जीता?', 'हर पायलट को साल में 31 दिन की छुट्टी मिलती है।'],
    ['ใครชนะฟุตบอลโลกปี 1998', 'คนนำร่องมีวันลาปีละ 31 วัน'],
    ["1998 Dünya Kupası'nı kim kazandı?", 'Her kılavuzun yılda 31 gün izni vardır.'],
  ])('similarity alone is not enough: %s', (question, text) => {
    expect(floor(question, text)).toBe(false);
  });
});

describe('in a question and a passage of two languages', () => {
  const text = 'Das Kennwort des Netzes ist an der Tür angeschlagen.';
  const multilingual = { unrelated: 0.7, english: false };

  it('similarity alone decides, and may be lower', () => {
    const question = 'What is the wifi password?';
    expect(relevantPassages([question], [found(0.82, text)], multilingual)).toHaveLength(1);
    expect(relevantPassages([question], [found(0.75, text)], multilingual)).toEqual([]);
    expect(
      relevantPassages([question], [found(0.82, 'The dog sleeps on the stairs.')], multilingual),
    ).toEqual([]);
  });
});

it('where words decide, passages that hold more of the question come first', () => {
  const other = found(0.7, 'Der Sammelplatz liegt hinter dem Bootshaus.');
  const right = found(0.6, 'Die Pumpen repariert Zygmunt Okafor.');
  expect(relevantPassages(['Wer repariert die Pumpen?'], [other, right])).toEqual([right, other]);
});
