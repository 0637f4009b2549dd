/** Fetches the model that the first argument names, or a known file that it describes, and prints the result as JSON. */
import { fetchKnownFile } from '../../../shared/model/sources/fetch-known.ts';
import { fetchModelFile } from '../../../shared/model/sources/index.ts';
import { testFetch } from '../settings.ts';

const what = process.argv[2]!;
const found = what.startsWith('{')
  ? await fetchKnownFile(JSON.parse(what), testFetch())
  : await fetchModelFile(what, testFetch());
process.stdout.write(JSON.stringify(found));
