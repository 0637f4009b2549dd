/** The library: documents in, questions answered. npm install blockrag && node library.mjs */
import { openBlockrag } from 'blockrag';

const blockrag = await openBlockrag({ data: './.blockrag' });
try {
  const text = '# Ferry\n\nThe ferry to Grimsay leaves the north pier at noon on Tuesdays.';
  const { id } = await blockrag.add({ name: 'ferry.md', text });
  await blockrag.ready(id);

  const { answer, citations } = await blockrag.ask('When does the ferry to Grimsay leave?');
  console.log(answer);
  console.log(`from ${citations[0]?.document}`);
} finally {
  await blockrag.close();
}
