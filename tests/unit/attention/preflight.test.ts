import { describe, expect, it } from 'vitest';
import { kernelsIn, placementOf, requirePlacement } from '../../../shared/attention/preflight.ts';
import { TINY_MODELS } from '../../support/fixtures.ts';
import { tinyModel } from '../../support/models.ts';

const node = (name: string, provider: string, kernel: string) => ({
  cat: 'Node',
  name: `${name}_kernel_time`,
  args: { provider, op_name: kernel },
});

describe('the preflight of a GPU', () => {
  it('names the kernels that did the work, and where', async () => {
    const placed = await placementOf(await tinyModel(TINY_MODELS[0]!), { provider: 'cpu' });
    expect(new Set(placed.map(({ provider }) => provider))).toEqual(new Set(['CPUExecutionProvider']));
    expect(placed.some(({ kernel, count }) => /MatMul/.test(kernel) && count > 1)).toBe(true);
    requirePlacement(placed, 'cpu');
    expect(() => requirePlacement(placed, 'cuda')).toThrow(/MatMul on CPUExecutionProvider/);
  });

  it('refuses a provider that is not there', async () => {
    const placed = placementOf(await tinyModel(TINY_MODELS[0]!), { provider: 'cuda' });
    await expect(placed).rejects.toMatchObject({ code: 'provider_unavailable' });
  });

  it('lets small things run on the CPU, but no product', () => {
    const events = [
      node('layer0/q', 'CUDAExecutionProvider', 'MatMul'),
      node('layer0/k', 'CUDAExecutionProvider', 'MatMul'),
      node('shape', 'CPUExecutionProvider', 'Gather'),
      { cat: 'Session', name: 'model_run' },
    ];
    const placed = kernelsIn(JSON.stringify(events));
    expect(placed).toContainEqual({ provider: 'CUDAExecutionProvider', kernel: 'MatMul', count: 2 });
    requirePlacement(placed, 'cuda');
    const fallen = [...events, node('layer0/v', 'CPUExecutionProvider', 'MatMulIntegerToFloat')];
    expect(() => requirePlacement(kernelsIn(JSON.stringify(fallen)), 'cuda')).toThrow(
      '1 MatMulIntegerToFloat on CPUExecutionProvider',
    );
  });

  it('takes no profile without products for a sign that all is well', () => {
    expect(() => requirePlacement([], 'cuda')).toThrow('there are none');
  });
});
