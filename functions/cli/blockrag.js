#!/usr/bin/env node
// Plain JavaScript: beside it is main.js in the npm package and main.ts in a clone, which runs through tsx.
import { existsSync } from 'node:fs';

if (existsSync(new URL('main.js', import.meta.url))) await import('./main.js');
else {
  const { register } = await import('tsx/esm/api');
  register();
  await import('./main.ts');
}
