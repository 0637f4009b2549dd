/** The input of an embeddings request as texts; token ids, as some clients send them, are those of cl100k_base. */
import { z } from 'zod';
import { BlockragError } from '../../../errors.ts';

/** Inputs of one request at most, as OpenAI has it. */
const MAX_INPUTS = 2048;
/** Token ids of one input at most: a text is read up to 256 word pieces. */
const MAX_TOKENS = 8192;

const tokensSchema = z.array(z.int().min(0));

/** Looked at before the schema, which would keep an error for each of hundred thousands that are wrong. */
function isInput(given: unknown): boolean {
  return !Array.isArray(given) || given.every((one) => isOne(one) || (Array.isArray(one) && one.every(isId)));
}
const isId = (given: unknown) => Number.isInteger(given) && (given as number) >= 0;
const isOne = (given: unknown) => typeof given === 'string' || isId(given);

const listSchema = z
  .union([z.string(), z.array(z.union([z.string(), z.int().min(0), tokensSchema])).min(1)])
  .meta({
    description: `A text, or up to ${MAX_INPUTS}; or token ids of cl100k_base, which LangChain for Python sends.`,
    example: ['When does the ferry leave?'],
  });

export const inputSchema = z.preprocess((given: z.input<typeof listSchema>, context) => {
  if (isInput(given)) return given;
  context.addIssue({ code: 'custom', message: 'texts or token ids only' });
  return z.NEVER;
}, listSchema);

/** @throws BlockragError `invalid_request` */
export async function toTexts(input: z.infer<typeof inputSchema>): Promise<string[]> {
  const inputs = listOf(input);
  if (inputs.length > MAX_INPUTS) {
    throw refusal('input', `input: ${inputs.length} texts are more than the ${MAX_INPUTS} of one request.`);
  }
  for (const [i, one] of inputs.entries()) {
    const field = typeof input === 'string' || typeof input[0] === 'number' ? 'input' : `input.${i}`;
    if (one.length === 0) throw refusal(field, `${field}: there is no text to embed: leave it out.`);
    if (typeof one === 'string' || one.length <= MAX_TOKENS) continue;
    throw refusal(field, `${field}: ${one.length} tokens are more than the ${MAX_TOKENS} of one input.`);
  }
  if (inputs.every((one) => typeof one === 'string')) return inputs;
  // A megabyte that most servers never need.
  const { decodeCl100k } = await import('./cl100k.ts');
  return inputs.map((one) => (typeof one === 'string' ? one : decodeCl100k(one)));
}

/** One text, one list of token ids, or many of either. */
function listOf(input: z.infer<typeof inputSchema>): (string | number[])[] {
  if (typeof input === 'string') return [input];
  const ids = input.filter((one) => typeof one === 'number');
  if (ids.length === input.length) return [ids];
  const many = input.filter((one) => typeof one !== 'number');
  if (ids.length === 0) return many;
  throw refusal('input', 'input: give texts or token ids, not both in one list.');
}

function refusal(field: string, message: string): BlockragError {
  return new BlockragError('invalid_request', message, { data: { field } });
}
