import { expect, it } from 'vitest';
import { answerSchema, viewAnswer } from '../../../../shared/api/views/answer.ts';
import type { Answer } from '../../../../shared/pipeline/question/answer.ts';

const ANSWER: Answer = {
  answer: 'At noon.',
  finishReason: 'end',
  citations: [
    {
      document: 'ferry.md',
      documentId: 'doc_1',
      title: 'Ferry',
      page: 3,
      pageEnd: 4,
      passage: 0,
      text: 'The ferry leaves at noon.',
      score: 0.03,
      similarity: 0.5,
      grounding: 1,
    },
  ],
  usage: {
    promptTokens: 60,
    reusedTokens: 30,
    encodedTokens: 10,
    finalTokens: 20,
    completionTokens: 3,
    draftedTokens: 4,
    acceptedTokens: 2,
  },
  timings: { retrieve: 1, load: 2, encode: 3, reencode: 4, attend: 5, firstToken: 15.5, total: 20 },
  passagesDropped: 2,
  attention: 'block',
  model: 'smollm2-135m-instruct',
};

it('an answer is sent with these fields, in this order', () => {
  const view = viewAnswer(ANSWER);
  expect(JSON.stringify(view)).toBe(
    '{"answer":"At noon.","finish_reason":"end","citations":[{"document":"ferry.md","document_id":"doc_1",' +
      '"title":"Ferry","page":3,"page_end":4,"passage":0,"text":"The ferry leaves at noon.","score":0.03,' +
      '"similarity":0.5,"grounding":1}],"usage":{"prompt_tokens":60,"reused_tokens":30,"encoded_tokens":10,' +
      '"final_tokens":20,"completion_tokens":3,"drafted_tokens":4,"accepted_tokens":2},"timings_ms":{"retrieve":1,"load":2,"encode":3,"reencode":4,' +
      '"attend":5,"first_token":15.5,"total":20},"passages_dropped":2,"attention":"block",' +
      '"model":"smollm2-135m-instruct"}',
  );
  expect(answerSchema.strict().parse(view)).toEqual(view);
});
