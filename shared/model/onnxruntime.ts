/** The one seam to onnxruntime-node. Its run() blocks the thread: sessions live in worker threads. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { InferenceSession, Tensor } from 'onnxruntime-node';

export { type InferenceSession, Tensor };

export interface SessionOptions {
  /** Threads of one run; default: the machine's cores. */
  threads?: number | undefined;
}

/**
 * Whether the CPU multiplies uint8 by int8 without saturating in between. x64 without VNNI does not, and must
 * be told to take a slower way; telling one with VNNI costs 2.4 times the time (256 rows, AMD EPYC).
 */
function hasExactProducts(): boolean {
  if (process.arch !== 'x64') return true;
  try {
    return /\b(avx512_vnni|avx_vnni|amx_int8)\b/.test(readFileSync('/proc/cpuinfo', 'latin1'));
  } catch {
    return false;
  }
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
        x64quantprecision: hasExactProducts() ? '0' : '1',
      },
    },
  });
}
