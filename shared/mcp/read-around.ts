import type { PassageView } from '../api/views/passage.ts';
import type { BlockragClient, RequestOptions } from '../client/index.ts';
import { BlockragError } from '../errors.ts';

/** The most that one page of passages may have. */
const PAGE = 1000;

/**
 * A passage with its neighbours, in reading order. Pages are gone through up to it: where a page begins is the server's
 * matter.
 * @throws BlockragError `document_not_found`, `not_found` for a passage that the document has not
 */
export async function readAround(
  source: Pick<BlockragClient, 'passages'>,
  id: string,
  { passage, around }: { passage: number; around: number },
  options: RequestOptions,
): Promise<PassageView[]> {
  const found: PassageView[] = [];
  let after: string | undefined;
  do {
    // The first page holds all that is asked for, where it is no later.
    const limit = Math.min(PAGE, passage + around + 1);
    const page = await source.passages(id, { limit, after }, options);
    found.push(...page.passages.filter(({ passage: at }) => Math.abs(at - passage) <= around));
    after = page.next ?? undefined;
    if ((page.passages.at(-1)?.passage ?? 0) >= passage + around) break;
  } while (after !== undefined);
  if (found.some(({ passage: at }) => at === passage)) return found;
  throw new BlockragError('not_found', `The document ${id} has no passage ${passage}.`);
}
