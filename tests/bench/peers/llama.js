/**
 * llama.cpp on the same weights, in a process of its own: it takes { id, method, args } messages and answers
 * { id, result } or { id, error }. Times are in milliseconds, from the call to the first token and a token after it.
 */
import { getLlama } from 'node-llama-cpp';

let model;
let threads;
let contextSize;
/** A sequence with and one without flash attention: each is faster in one of the cases. */
const sequences = new Map();

async function sequenceOf(flash) {
  if (!sequences.has(flash)) {
    const context = await model.createContext({
      contextSize,
      threads,
      flashAttention: flash,
      batchSize: 512,
    });
    sequences.set(flash, context.getSequence());
  }
  return sequences.get(flash);
}

/** Evaluates tokens behind what the sequence holds, and decodes greedily. */
async function generate(sequence, tokens, count, started) {
  let first = 0;
  let produced = 0;
  for await (const _ of sequence.evaluate(tokens, { temperature: 0 })) {
    if (++produced === 1) first = performance.now() - started;
    if (produced === count) break;
  }
  const decode = count > 1 ? (performance.now() - started - first) / (count - 1) : 0;
  return { first, decode, produced };
}

const methods = {
  async load(args) {
    const started = performance.now();
    threads = args.threads;
    contextSize = args.contextSize;
    const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: 'error' });
    model = await llama.loadModel({ modelPath: args.file });
    await sequenceOf(true);
    return { load: performance.now() - started };
  },

  /** The whole prompt computed anew. */
  async prefill({ flash, tokens, decode }) {
    const sequence = await sequenceOf(flash);
    await sequence.clearHistory();
    return generate(sequence, tokens, decode, performance.now());
  },

  /** Stores the state of a prefix. */
  async save({ flash, tokens, file }) {
    const sequence = await sequenceOf(flash);
    await sequence.clearHistory();
    await sequence.evaluateWithoutGeneratingNewTokens(tokens);
    const { fileSize } = await sequence.saveStateToFile(file);
    return { bytes: fileSize };
  },

  /** The state of exactly this prefix read from its file, and the final block behind it. */
  async restored({ flash, file, tokens, decode }) {
    const sequence = await sequenceOf(flash);
    await sequence.clearHistory();
    const started = performance.now();
    await sequence.loadStateFromFile(file, { acceptRisk: true });
    return generate(sequence, tokens, decode, started);
  },

  async memory() {
    return { rss: process.memoryUsage.rss() };
  },
};

process.on('message', async ({ id, method, args }) => {
  try {
    process.send({ id, result: await methods[method](args) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit(0));
