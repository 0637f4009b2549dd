/** The one seam to onnxruntime-node. Its run() blocks the thread: sessions live in worker threads. */
import { availableParallelism } from 'node:os';
import { InferenceSession, Tensor } from 'onnxruntime-node';

export { type InferenceSession, Tensor };

export interface SessionOptions {
  /** Threads of one run; default: the machine's cores. */
  threads?: number | undefined;
}

/** Opens a model; external weights are mapped from the model's own directory. */
export async function openSession(file: string, options: SessionOptions = {}): Promise<InferenceSession> {
  return InferenceSession.create(file, {
    executionProviders: ['cpu'],
    intraOpNumThreads: options.threads ?? availableParallelism(),
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: {
      session: {
        // Exact u8 x s8 products on CPUs without VNNI (ENGINE.md, 8).
        x64quantprecision: '1',
      },
    },
  });
}
