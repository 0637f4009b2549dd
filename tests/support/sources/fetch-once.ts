/** Fetches the model that the first argument names and prints the result as JSON. */
import { fetchModelFile } from '../../../shared/model/sources/index.ts';
import { testFetch } from '../settings.ts';

process.stdout.write(JSON.stringify(await fetchModelFile(process.argv[2]!, testFetch())));
