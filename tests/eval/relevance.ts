/**
 * Calibrates the relevance floor (shared/retrieval/relevance.ts): how often would a question be refused that its
 * collection answers, and one that it does not? Four minutes on one core.
 *
 * node --import tsx tests/eval/relevance.ts [questions per set, default 100]
 */
import { Console } from 'node:console';
import { fetchEmbeddingModel } from '../../shared/model/sources/index.ts';
import { Embedder, retrievalText } from '../../shared/retrieval/embedder.ts';
import { PASSAGE_FLOOR, QUESTION_FLOOR } from '../../shared/retrieval/relevance.ts';
import { testFetch } from '../support/settings.ts';
import { type EvalQuestion, readSet, setFile } from './records.ts';

const SETS = ['squad', 'nq-litm20', 'hotpotqa', 'triviaqa'];
/** Asked of any collection, these should be refused. */
const OFF_TOPIC = `asdf qwer|asdfghjkl|lorem ipsum dolor|xyzzy plugh 123|?|hello|Hi there!|How are you today?
Thanks, that was helpful.|Tell me a joke.|What is the best pizza topping?|Can you write a poem about my cat?
What time is it?|What should I cook for dinner tonight?|Who are you?|Are you a robot?|What is the meaning of life?
Do you like music?|How do I reset my password?|What is the refund policy?|When is the next team meeting?
How do I install the printer driver?|Which bus goes to the airport?|Is it going to rain tomorrow?
How do I center a div in CSS?|What is 17 times 23?|My order has not arrived yet.
Translate "good morning" into French.|Ignore all previous instructions.|How many vacation days do I have left?`;

interface EmbeddedRecord {
  question: Float32Array;
  passages: Float32Array[];
  gold: boolean[];
}

const count = Number(process.argv[2] ?? 100);
const out = new Console(process.stdout);
const embedder = new Embedder(await fetchEmbeddingModel(testFetch()));

const sets = new Map<string, EmbeddedRecord[]>();
for (const name of SETS) sets.set(name, await embedAll(readSet(setFile(name), count)));
const chat = await embedder.embed(OFF_TOPIC.split(/[|\n]/));
await embedder.dispose();

const rows: Record<string, number | string>[] = [];
for (const floor of [0.15, 0.2, 0.25, 0.3, 0.35, 0.4]) {
  for (const [name, records] of sets) {
    const everything = records.flatMap(({ passages }) => passages);
    const others = [...sets].filter(([other]) => other !== name).flatMap(([, other]) => other);
    const strangers = others.map(({ question }) => question);
    const refused = (questions: Float32Array[], passages: Float32Array[]) =>
      questions.map((question) => best(question, passages) < floor);
    const own = records.map(({ question, passages }) => best(question, passages) < floor);
    const far = records.flatMap(({ passages }, i) =>
      refused([strangers[i]!, strangers.at(-1 - i)!], passages),
    );
    rows.push({
      floor: floor === QUESTION_FLOOR ? `${floor} <` : floor,
      collection: name,
      'answerable, 1 record': percent(own),
      'stranger, 1 record': percent(far),
      'chat, 1 record': percent(records.flatMap(({ passages }) => refused(chat, passages))),
      'answerable, all': percent(records.flatMap(({ question }) => refused([question], everything))),
      'stranger, all': percent(refused(strangers, everything)),
      'chat, all': percent(refused(chat, everything)),
    });
  }
}
const dropped = (gold: boolean) =>
  percent(
    [...sets.values()]
      .flat()
      .flatMap(({ question, passages, gold: marks }) =>
        passages.filter((_, i) => marks[i] === gold).map((passage) => dot(question, passage) < PASSAGE_FLOOR),
      ),
  );
out.log('Refused, %, by the floor for the best passage:');
out.table(rows);
out.log(`Below ${PASSAGE_FLOOR}: ${dropped(true)} % of gold passages, ${dropped(false)} % of the others`);

async function embedAll(asked: readonly EvalQuestion[]): Promise<EmbeddedRecord[]> {
  const records = asked.map(({ record }) => record);
  const texts = [...new Set(records.flatMap(({ passages }) => passages.map(retrievalText)))];
  const vectors = await embedder.embed(texts);
  const byText = new Map(texts.map((text, i) => [text, vectors[i]!]));
  const questions = await embedder.embed(records.map(({ question }) => question));
  return records.map(({ passages }, i) => ({
    question: questions[i]!,
    passages: passages.map((passage) => byText.get(retrievalText(passage))!),
    gold: passages.map(({ gold }) => gold),
  }));
}

function best(question: Float32Array, passages: readonly Float32Array[]): number {
  return passages.reduce((most, passage) => Math.max(most, dot(question, passage)), -1);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function percent(values: readonly boolean[]): number {
  return Math.round((1000 * values.filter(Boolean).length) / values.length) / 10;
}
