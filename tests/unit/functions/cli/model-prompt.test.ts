/** What is trained is what is served: the recipe's own rendering (tests/fixtures/prompt/make.py) beside ours. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type PromptFrame, promptFrame } from '../../../../functions/cli/commands/model-prompt.ts';
import { PromptTemplate, passageText } from '../../../../shared/model/prompt.ts';
import type { Tokenizer } from '../../../../shared/model/tokenizer.ts';
import { golden } from '../../../support/fixtures.ts';
import { testModel } from '../../../support/models.ts';

interface Rendered {
  frame: PromptFrame;
  preface: number[];
  passages: { title: string; text: string; ids: number[] }[];
  questions: { question: string; ids: number[] }[];
  chats: { content: string; ids: number[] }[];
  tokenize: { text: string; ids: number[] }[];
}

const rendered: Rendered = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../fixtures/prompt/rendered.json'), 'utf8'),
);

describe('the prompt that the fine-tuning recipe reads', () => {
  let tokenizer: Tokenizer;
  let template: PromptTemplate;
  beforeAll(async () => {
    tokenizer = await (await testModel('w8a8')).tokenizer();
    template = new PromptTemplate(tokenizer);
  });

  it('is the frame that the recipe was last compared with', () => {
    expect(promptFrame(tokenizer)).toEqual(rendered.frame);
  });

  it('has the golden preface and final blocks on both sides', () => {
    const { cases, tokenize } = golden();
    for (const [i, { blocks, question }] of cases.entries()) {
      expect(rendered.preface).toEqual(blocks[0]);
      expect(Array.from(template.preface)).toEqual(blocks[0]);
      expect(rendered.questions[i]).toEqual({ question, ids: blocks.at(-1) });
      expect(Array.from(template.finalBlock(question))).toEqual(blocks.at(-1));
    }
    expect(rendered.tokenize).toEqual(tokenize.map(({ text, content }) => ({ text, ids: content })));
  });

  it('gives the same ids for passages, questions and prompts without documents of all kinds', () => {
    for (const { title, text, ids } of rendered.passages) {
      expect(Array.from(tokenizer.encode(passageText(title, text)))).toEqual(ids);
    }
    for (const { question, ids } of rendered.questions) {
      expect(Array.from(template.finalBlock(question))).toEqual(ids);
    }
    for (const { content, ids } of rendered.chats) {
      expect(Array.from(template.chat(undefined, [{ role: 'user', content }]))).toEqual(ids);
    }
  });
});
