/** Imports blockrag/storage and prints the packages that this loads. */
import { register } from 'node:module';

const hook = `import { writeSync } from 'node:fs';
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  const [, name] = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(resolved.url) ?? [];
  if (name !== undefined) writeSync(1, name + '\\n');
  return resolved;
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
if (process.argv[2] === 'open')
  await (await import('../../../shared/storage/index.ts')).openS3BlobStore({ bucket: 'b' });
else await import('../../../shared/storage/index.ts');
