/**
 * A process that adds passages to a LanceDB index and prints the id of each one acknowledged:
 * lancedb-writer.ts DIRECTORY NAME COUNT. The even ones have ids that every writer uses, the odd ones its own.
 */
import { openLanceIndex } from '../../../shared/retrieval/lancedb.ts';
import { passage } from '../../../shared/storage/contracts/passages.ts';

const [directory, name, count] = process.argv.slice(2);
const index = await openLanceIndex(directory!);
for (let i = 0; i < Number(count); i += 4) {
  const calls = [i, i + 1, i + 2, i + 3].map(async (n) => {
    const id = n % 2 === 0 ? `shared-${n}` : `${name}-${n}`;
    await index.add([passage({ id })]);
    process.stdout.write(`${id}\n`);
  });
  await Promise.all(calls);
}
await index.close();
