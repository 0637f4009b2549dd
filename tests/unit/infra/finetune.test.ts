import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../..', import.meta.url);
const SUITES = ['test_made', 'test_masks', 'test_packing', 'test_teacher'].map(
  (name) => `infra.finetune.tests.${name}`,
);

describe('the fine-tuning recipe', () => {
  it('samples, packs and masks its sequences right; the part of its tests that needs no PyTorch', async () => {
    const { stderr } = await promisify(execFile)('python3', ['-m', 'unittest', ...SUITES], {
      cwd: ROOT,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect(stderr).toMatch(/Ran [1-9]\d* tests[\s\S]*OK/);
  });
});
