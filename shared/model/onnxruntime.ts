/** onnxruntime for the language model. Its run() blocks the thread, so sessions live in worker threads. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BlockragError } from '../errors.ts';
import type { Provider } from './compute.ts';

export { type InferenceSession, Tensor };

export interface SessionOptions {
  /** Where the graph runs (cpu). */
  provider?: Provider | undefined;
  /** Threads of one run; default: the machine's cores. */
  threads?: number | undefined;
  /** Path that the names of profiles begin with; each run is written down then, until `endProfiling`. */
  profile?: string | undefined;
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

/**
 * Opens a model; external weights are mapped from the model's own directory. The provider that is asked for is the
 * one that is used: there is no silent way back to the CPU.
 * @throws BlockragError `provider_unavailable`
 */
export async function openSession(file: string, options: SessionOptions = {}): Promise<InferenceSession> {
  const { provider = 'cpu' } = options;
  try {
    return await createSession(file, provider, options);
  } catch (cause) {
    if (provider === 'cpu') throw cause;
    throw new BlockragError(
      'provider_unavailable',
      `The model cannot run on ${provider}: its libraries or the device are missing (${(cause as Error).message}). Install onnxruntime-node with its CUDA files on a machine with a GPU, or use the provider cpu.`,
      { cause },
    );
  }
}

function createSession(file: string, provider: Provider, options: SessionOptions): Promise<InferenceSession> {
  return InferenceSession.create(file, {
    executionProviders: [provider],
    intraOpNumThreads: options.threads ?? availableParallelism(),
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...(options.profile !== undefined && { enableProfiling: true, profileFilePrefix: options.profile }),
    extra: {
      session: {
        x64quantprecision: hasExactProducts() ? '0' : '1',
      },
    },
  });
}
