/** What chats and responses do alike: find the collection, and answer from it or without documents. */
import { z } from 'zod';
import { BlockragError } from '../../../errors.ts';
import { DEFAULT_TOP_K } from '../../../pipeline/defaults.ts';
import type { GenerateOptions, Generation } from '../../../pipeline/question/generate.ts';
import type { System } from '../../../pipeline/system.ts';
import { nameSchema, refuseInvalid } from '../../schemas/requests.ts';
import type { Completed } from './completion.ts';
import type { Extension } from './generation-schema.ts';
import type { Conversation } from './messages.ts';
import { readModel } from './models.ts';

export const COLLECTION_HEADER = 'x-blockrag-collection';

export const collectionHeaders = z.object({
  [COLLECTION_HEADER]: z.string().max(2048).optional().meta({ description: 'Percent-encoded UTF-8.' }),
});

export const COLLECTION_RULE =
  'The collection is the one of the field blockrag, else of the header x-blockrag-collection, else of the model (MODEL@COLLECTION); without one it is a chat without documents.';

export interface Asked {
  model: string;
  /** The value of the header that names a collection. */
  header: string | undefined;
  extension: Extension;
  conversation: Conversation;
  generation: Generation;
}

/** What answers a conversation. @throws BlockragError `model_unknown`, `invalid_request` */
export function answering(
  system: System,
  { model, header, extension, conversation, generation }: Asked,
): (options: GenerateOptions) => Promise<Completed> {
  const named = readModel(system, model).collection;
  const collection = extension?.collection ?? fromHeader(header) ?? named;
  const { system: instructions, turns } = conversation;
  const common = { ...generation, system: instructions };
  if (collection === undefined) return (options) => system.chat({ ...common, turns }, options);
  const { top_k: topK = DEFAULT_TOP_K, attention = 'block', filter } = extension ?? {};
  const question = turns.at(-1)!.content;
  const earlier = turns.slice(0, -1);
  return (options) =>
    system.ask({ ...common, collection, filter, question, earlier, attention, topK }, options);
}

function fromHeader(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  let text: string | undefined;
  try {
    text = decodeURIComponent(header);
  } catch {}
  const name = nameSchema.safeParse(text);
  if (name.success) return name.data;
  const message = `${COLLECTION_HEADER}: that is no name of a collection, percent-encoded.`;
  throw new BlockragError('invalid_request', message, { data: { field: COLLECTION_HEADER } });
}

/**
 * Tells what is wrong from what OpenAI would do and this does not.
 * @param instead of a field that is taken in its neutral value only: what to do
 */
export function refuseParameters(error: z.ZodError, instead: (field: string) => string | undefined): never {
  const [field] = error.issues[0]?.path ?? [];
  const hint = typeof field === 'string' ? instead(field) : undefined;
  if (hint === undefined) return refuseInvalid(error);
  const message = `${String(field)}: what this asks for is not supported here: ${hint}.`;
  throw new BlockragError('unsupported_parameter', message, { data: { field: String(field) } });
}
