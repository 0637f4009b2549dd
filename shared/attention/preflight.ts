/**
 * Where a model really runs. onnxruntime hands what a provider has no kernel for to the CPU without a word, so whoever
 * pays for a GPU looks first.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlockragError } from '../errors.ts';
import type { CompiledModel } from '../model/compiled.ts';
import type { Provider } from '../model/compute.ts';
import { Decoder } from './decoder.ts';

/** Kernels of one kind on one provider. */
export interface Placed {
  /** As onnxruntime calls it: "CPUExecutionProvider". */
  provider: string;
  /** "MatMul" */
  kernel: string;
  count: number;
}

const EXECUTION_PROVIDERS: Record<Provider, string> = {
  cpu: 'CPUExecutionProvider',
  cuda: 'CUDAExecutionProvider',
};
/** The products of linear layers and of attention, whatever they were fused with. */
const PRODUCT = /MatMul|Gemm/;
const TOKENS = 16;

/**
 * Runs a few tokens, and gives the kernels that did the work, by provider and kind.
 * @throws BlockragError `provider_unavailable`
 */
export async function placementOf(
  model: CompiledModel,
  options: { provider: Provider; threads?: number | undefined },
): Promise<Placed[]> {
  const folder = await mkdtemp(join(tmpdir(), 'blockrag-preflight-'));
  try {
    const decoder = await Decoder.open(model, { ...options, profile: join(folder, 'profile') });
    try {
      await decoder.run({ tokens: Uint32Array.from({ length: TOKENS }, (_, i) => i), start: 0 }, []);
      decoder.endProfile();
    } finally {
      await decoder.dispose();
    }
    const [file = ''] = await readdir(folder);
    return kernelsIn(await readFile(join(folder, file), 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The kernels of a profile that onnxruntime has written. */
export function kernelsIn(profile: string): Placed[] {
  const events = JSON.parse(profile) as { cat: string; name: string; args?: Record<string, string> }[];
  const placed = new Map<string, Placed>();
  for (const { cat, name, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time')) continue;
    const { provider = '', op_name: kernel = '' } = args ?? {};
    const key = `${provider}/${kernel}`;
    const known = placed.get(key);
    if (known === undefined) placed.set(key, { provider, kernel, count: 1 });
    else known.count++;
  }
  return [...placed.values()];
}

/** @throws BlockragError `provider_unavailable` where products are computed elsewhere than was asked for */
export function requirePlacement(placed: readonly Placed[], provider: Provider): void {
  const products = placed.filter(({ kernel }) => PRODUCT.test(kernel));
  const elsewhere = products.filter((one) => one.provider !== EXECUTION_PROVIDERS[provider]);
  if (products.length > 0 && elsewhere.length === 0) return;
  const found = elsewhere.map((one) => `${one.count} ${one.kernel} on ${one.provider}`).join(', ');
  throw new BlockragError(
    'provider_unavailable',
    `The model was to run on ${provider}, but its products do not: ${found || 'there are none'}. Compile it for that provider: fp16 for cuda.`,
  );
}
