/** The part of the sweep that removes blobs which no version has used for a while. */
import type { BlobUser } from '../../catalog/blobs.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { knowsVersion } from '../../catalog/document-row.ts';
import type { BlobEntry } from '../../storage/ports.ts';
import type { Services } from '../services.ts';
import { isPrefaceUser, type KeySource, keyOf } from '../stored-kv/location.ts';
import { type KvStores, removeKv, resumeDeletion } from '../stored-kv/remove-kv.ts';
import { retireItem, type WorkItem } from '../work/items.ts';
import { pagesOf } from './pages.ts';
import type { SweepPass } from './pass.ts';

/** What looking at blobs works with. */
type BlobServices = KvStores &
  Pick<Services, 'queue' | 'fingerprint' | 'template'> &
  KeySource & { catalog: Pick<Catalog, 'documents'> };

/** Versions of one blob that are looked at: where all of them are left over, more are seen next time. */
const USERS = 16;

/** Ends the deletions whose deleter has died. */
export async function sweepDeletions(services: KvStores, pass: SweepPass): Promise<void> {
  for await (const deletion of services.catalog.deletions.every()) {
    if (await resumeDeletion(services, deletion, pass.now())) pass.count('deletions');
    pass.signal.throwIfAborted();
  }
}

/** Looks at all rows of stored blobs: marks those that nobody uses, and deletes those that were marked long ago. */
export async function sweepStates(services: BlobServices, pass: SweepPass): Promise<void> {
  const { catalog } = services;
  for await (const page of catalog.blobs.pages(pass.after)) {
    const used = await areUsed(services, pass, page);
    for (const [i, blob] of page.entries()) {
      const { unused = pass.now() } = blob;
      if (used[i] === true) {
        if (blob.unused !== undefined) await catalog.blobs.markUnused(blob, undefined);
      } else if (pass.now() - unused >= pass.graceMs) {
        if (await removeKv(services, blob)) pass.count('blobs');
      } else if (blob.unused === undefined) {
        await catalog.blobs.markUnused(blob, unused);
        pass.count('marked');
      }
    }
    pass.reached(page.at(-1)!.key);
  }
}

/**
 * Looks at all objects: those without a row that nobody uses go. A process that was killed between the two leaves
 * them, and one that is used gets its row when its work is done again.
 */
export async function sweepObjects(services: BlobServices, pass: SweepPass): Promise<void> {
  const { blobs, catalog } = services;
  for await (const entries of pagesOf(pass.rest(blobs.list('kv')))) {
    const objects = entries.flatMap(parseObject);
    const known = await catalog.blobs.hasMany(objects.map(({ key }) => key));
    const strange = objects.filter(({ modified }, i) => !known[i] && pass.now() - modified >= pass.graceMs);
    const used = await areUsed(services, pass, strange);
    for (const [i, object] of strange.entries()) {
      if (used[i] !== true && (await removeKv(services, object))) pass.count('objects');
    }
    pass.reached(entries.at(-1)!.key);
  }
}

function parseObject({
  key: path,
  modified,
}: BlobEntry): { tenant: string; key: string; modified: number }[] {
  const [, tenant, , key] = path.split('/');
  return tenant === undefined || key === undefined ? [] : [{ tenant, key, modified }];
}

/** Which blobs a version uses. What a version uses that no document knows of is retired, once more. */
async function areUsed(
  services: BlobServices,
  pass: SweepPass,
  blobs: readonly { tenant: string; key: string }[],
): Promise<boolean[]> {
  const { catalog, queue } = services;
  const usersOf = await Promise.all(blobs.map(({ key }) => catalog.blobs.usersOf(key, USERS)));
  const lives = await livingVersions(services, blobs, usersOf);
  const prefaceOf = (tenant: string) => keyOf(services, tenant, services.template.preface);
  const leftOver = new Map<string, WorkItem>();
  const used: boolean[] = [];
  for (const [i, { tenant, key }] of blobs.entries()) {
    let users = 0;
    for (const user of usersOf[i]!) {
      if (!lives(tenant, user) || (isPrefaceUser(user) && key !== prefaceOf(tenant))) {
        // A preface is no document's: this is all that is left of one that is outdated, or that a request made.
        if (isPrefaceUser(user)) {
          await catalog.blobs.dropUse(key, user);
          continue;
        }
        const item = retireItem({ tenant, ...user });
        leftOver.set(item.id, item);
      }
      users++;
    }
    used.push(users > 0);
  }
  await queue.send([...leftOver.values()]);
  pass.count('versions', leftOver.size);
  return used;
}

async function livingVersions(
  { catalog, fingerprint }: BlobServices,
  blobs: readonly { tenant: string }[],
  usersOf: readonly BlobUser[][],
): Promise<(tenant: string, user: BlobUser) => boolean> {
  const idsOf = new Map<string, Set<string>>();
  for (const [i, { tenant }] of blobs.entries()) {
    const ids = idsOf.get(tenant) ?? new Set();
    for (const { document } of usersOf[i]!) ids.add(document);
    idsOf.set(tenant, ids);
  }
  const versions = new Map<string, (version: string) => boolean>();
  for (const [tenant, ids] of idsOf) {
    const rows = await catalog.documents.getMany(tenant, [...ids]);
    for (const [i, id] of [...ids].entries()) {
      versions.set(`${tenant}/${id}`, (version) => knowsVersion(rows[i], version));
    }
  }
  return (tenant, user) => {
    const { document, version } = user;
    return isPrefaceUser(user) ? version === fingerprint : versions.get(`${tenant}/${document}`)!(version);
  };
}
