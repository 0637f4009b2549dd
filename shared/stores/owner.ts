/** Who owns a data directory. Apart from the stores, which a command beside the owner does not load. */
import { type Owner, readOwner } from '../storage/lmdb/owner.ts';

/** Where a data directory's database is. */
export const catalogOf = (directory: string) => `${directory}/catalog`;

/** The live process that owns a data directory, as far as that is told without opening the database. */
export function ownerOf(directory: string): Owner | undefined {
  return readOwner(catalogOf(directory));
}
