/** One round: clients at work, some faults, then all is looked at. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Held, judgeDocuments, type Seen } from './checks.ts';
import { Crowd } from './clients/crowd.ts';
import { SteadyClient } from './clients/steady.ts';
import { keepCatalog } from './faults/catalog.ts';
import { faultsFor } from './faults/index.ts';
import { documentsOf, heldBy, idle, seeDocuments } from './observe.ts';
import type { Scene } from './scene.ts';
import { TENANTS } from './texts.ts';
import type { Twin } from './twin.ts';

export interface Stage {
  twin: Twin;
  nextEdition: () => number;
  /** Ids of documents by tenant and name. */
  ids: Map<string, string>;
}

const MOST_FAULTS = 3;

/**
 * @param faults is filled with the names of what is done
 * @returns what the first server held when it had nothing to do
 */
export async function playRound(
  scene: Scene & { crowd?: Crowd },
  stage: Stage,
  faults: string[],
): Promise<Held> {
  const { world, random } = scene;
  if (world.data !== undefined) keepCatalog(scene);
  for (const index of world.servers.keys()) await world.start(index);
  const crowd = new Crowd(scene, stage);
  scene.crowd = crowd;
  const chosen = random.shuffled(faultsFor(world)).slice(0, 1 + random.below(MOST_FAULTS));
  crowd.begin();
  for (const fault of chosen) {
    await delay(500 + random.below(2500));
    scene.count('faults');
    faults.push(fault.name);
    await fault.run(scene);
  }
  await delay(500 + random.below(1500));
  await crowd.end();
  for (const index of world.servers.keys()) await world.start(index);
  scene.phase('clients and faults');
  await mend(scene, stage);
  scene.phase('work that was left');
  await look(scene, stage);
  const held = heldBy(world.servers[0]!.pid);
  await trim(scene, stage);
  for (const index of world.servers.keys()) {
    const wrong = await world.stop(index);
    if (wrong !== undefined) scene.violate({ kind: 'stuck', what: wrong });
  }
  return held;
}

/** What a full disk or a killed reader has made fail is told so; sent again, it must be taken. */
async function mend(scene: Scene, stage: Stage): Promise<void> {
  scene.violate(...(await idle(scene.world)));
  for (const tenant of TENANTS) {
    for (const { name, id, status, error } of await documentsOf(scene.world.caller(tenant, 0)!)) {
      stage.ids.set(`${tenant}/${name}`, id);
      if (status !== 'failed') continue;
      scene.count(`told as ${error?.code}`);
      await new SteadyClient(scene, { tenant, lane: 0, ...stage }).upload(name);
    }
  }
  scene.violate(...(await idle(scene.world)));
}

async function look(scene: Scene, { twin }: Stage): Promise<void> {
  const { world, model } = scene;
  for (const tenant of TENANTS) {
    const { seen, violations } = await seeDocuments(world.caller(tenant, 0)!, tenant);
    scene.violate(...violations, ...judgeDocuments(model, tenant, seen));
    scene.count('found', seen.length);
    settle(scene, tenant, seen);
  }
  scene.phase('documents looked at');
  const { violations, answers } = await twin.compare(world);
  scene.violate(...violations);
  scene.count('answers compared', answers);
  scene.phase('undisturbed run');
  const health = await world.caller('operator', 0)!.fetch('/healthz');
  if (!health.ok) scene.violate({ kind: 'stuck', what: `healthz answers ${health.status}` });
}

/** What was left open is known now, and may not change any more. */
function settle({ model }: Scene, tenant: (typeof TENANTS)[number], seen: readonly Seen[]): void {
  const byName = new Map(seen.map(({ name, edition }) => [name, edition]));
  for (const name of model.names(tenant)) model.settle(tenant, name, byName.get(name) ?? 'absent');
}

/** Deletes about half of what is there. */
async function trim(scene: Scene, stage: Stage): Promise<void> {
  for (const tenant of TENANTS) {
    const client = new SteadyClient(scene, { tenant, lane: 0, ...stage });
    for (const { name } of await documentsOf(scene.world.caller(tenant, 0)!)) {
      if (scene.random.next() < 0.5) await client.remove(name);
    }
  }
}
