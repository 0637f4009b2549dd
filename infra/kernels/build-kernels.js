// Assembles kernels.wat into kernels.wasm (npm run build:kernels). The result is committed, and a test holds it
// equal to its source, so that nobody needs the assembler to run blockrag.
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

export async function assembleKernels() {
  const source = new URL('../../shared/kv/kernels.wat', import.meta.url);
  const module = (await wabt()).parseWat('kernels.wat', readFileSync(source, 'utf8'), { simd: true });
  const { buffer } = module.toBinary({});
  module.destroy();
  return buffer;
}

if (process.argv[2] === '--write') {
  writeFileSync(new URL('../../shared/kv/kernels.wasm', import.meta.url), await assembleKernels());
}
