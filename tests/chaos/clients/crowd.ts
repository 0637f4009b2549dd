/** All clients of a round, which can be told to hold on. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Scene } from '../scene.ts';
import { LANES, TENANTS } from '../texts.ts';
import { beRude } from './rude.ts';
import { SteadyClient } from './steady.ts';

/** Between two things that one of them does. */
const PAUSE_MS = 150;

export class Crowd {
  #scene: Scene;
  #ended = false;
  #held = false;
  #busy = new Set<Promise<void>>();
  #all: Promise<void>[] = [];
  #clients: SteadyClient[];

  constructor(scene: Scene, { nextEdition, ids }: { nextEdition: () => number; ids: Map<string, string> }) {
    this.#scene = scene;
    this.#clients = TENANTS.flatMap((tenant) => {
      return Array.from({ length: LANES }, (_, lane) => {
        return new SteadyClient(scene, { tenant, lane, nextEdition, ids });
      });
    });
  }

  begin(): void {
    const random = this.#scene.random.fork();
    this.#all = this.#clients.map((client) => this.#repeat(() => client.step()));
    this.#all.push(this.#repeat(() => beRude(this.#scene, random)));
  }

  async #repeat(step: () => Promise<void>): Promise<void> {
    while (!this.#ended) {
      if (!this.#held) {
        const busy = step().finally(() => this.#busy.delete(busy));
        this.#busy.add(busy);
        await busy;
      }
      await delay(PAUSE_MS);
    }
  }

  /** Resolves when none of them is at anything. */
  async hold(): Promise<void> {
    this.#held = true;
    await Promise.all(this.#busy);
  }

  go(): void {
    this.#held = false;
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#all);
  }
}
