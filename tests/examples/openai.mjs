/**
 * OpenAI's client against a server: npx blockrag serve, then node openai.mjs. A model called NAME@COLLECTION answers
 * from the documents of that collection. They are added by blockrag/client here; curl and the command line do as well.
 */
import { BlockragClient } from 'blockrag/client';
import OpenAI from 'openai';

const url = process.env.BLOCKRAG_URL ?? 'http://127.0.0.1:8080';
const documents = new BlockragClient({ url });
const text = '# Ferry\n\nThe ferry to Grimsay leaves the north pier at noon on Tuesdays.';
const { id } = await documents.add({ name: 'ferry.md', collection: 'island', text });
for await (const { type, document } of documents.watch(id)) {
  if (type === 'failed') throw new Error(document.error?.message);
}

const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none is needed' });
const models = await openai.models.list();
const model = models.data.find((each) => each.id.endsWith('@island'))?.id ?? '';
const completion = await openai.chat.completions.create({
  model,
  messages: [{ role: 'user', content: 'When does the ferry to Grimsay leave?' }],
});
console.log(completion.choices[0]?.message.content);
console.log(`${completion.usage?.prompt_tokens_details?.cached_tokens} tokens came from the store`);
