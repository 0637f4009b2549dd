/** What is there against what was acknowledged. These functions only judge; observe.ts looks. */
import type { Model } from './model.ts';
import { foreignIn, type Tenant } from './texts.ts';

export type ViolationKind =
  | 'lost'
  | 'foreign'
  | 'answer'
  | 'failed'
  | 'left-over'
  | 'memory'
  | 'stuck'
  | 'internal';

export interface Violation {
  kind: ViolationKind;
  /** What was seen, for a person to read. */
  what: string;
}

/** One document as a server shows it. */
export interface Seen {
  name: string;
  /** By its original; undefined: that is no text of this document. */
  edition: number | undefined;
  status: string;
  error: string | null;
  /** Whether a search for it finds a passage of this edition. */
  found: boolean;
}

/** Compares the documents of one tenant with the model. */
export function judgeDocuments(model: Model, tenant: Tenant, seen: readonly Seen[]): Violation[] {
  const violations: Violation[] = [];
  const byName = new Map(seen.map((one) => [one.name, one]));
  if (byName.size < seen.length) violations.push({ kind: 'left-over', what: `${tenant} has a name twice` });
  for (const name of new Set([...model.names(tenant), ...byName.keys()])) {
    const states = model.statesOf(tenant, name);
    const one = byName.get(name);
    const which = `${tenant}/${name}`;
    const expected = [...states].join(' or ');
    if (one === undefined) {
      if (!states.has('absent')) {
        violations.push({ kind: 'lost', what: `${which} is not there, and should be at ${expected}` });
      }
    } else if (one.edition === undefined || !states.has(one.edition)) {
      const kind = states.size === 1 && states.has('absent') ? 'left-over' : 'lost';
      violations.push({ kind, what: `${which} is at ${one.edition}, and should be at ${expected}` });
    } else if (one.status !== 'ready') {
      violations.push({ kind: 'failed', what: `${which} is ${one.status} (${one.error})` });
    } else if (!one.found) {
      violations.push({
        kind: 'lost',
        what: `${which} is ready, and no search finds edition ${one.edition}`,
      });
    }
  }
  return violations;
}

/** Looks for words of other tenants in anything that a tenant was answered. */
export function judgeForeign(tenant: Tenant, response: string): Violation[] {
  return foreignIn(tenant, response).map((other) => {
    const what = `${tenant} was answered with words of ${other}: ${response.slice(0, 200)}`;
    return { kind: 'foreign', what };
  });
}

/** What of an answer must be as in an undisturbed run. */
export interface AnswerSeen {
  answer: string;
  citations: { document: string; text: string }[];
}

export function judgeAnswer(question: string, seen: AnswerSeen, undisturbed: AnswerSeen): Violation[] {
  const essence = ({ answer, citations }: AnswerSeen) => {
    return JSON.stringify([answer, citations.map(({ document, text }) => [document, text])]);
  };
  const [is, should] = [essence(seen), essence(undisturbed)];
  if (is === should) return [];
  return [{ kind: 'answer', what: `"${question}" gives ${is} instead of ${should}` }];
}

/** What lies in stores from which everything was deleted. */
export interface LeftOver {
  /** Objects by the first segment of their key. */
  objects: Record<string, number>;
  bytes: number;
}

/** Growth of what is stored that needs no explanation: the catalog's file never shrinks. */
const DISK_MARGIN = 48 << 20;
/** Stored keys and values of the instruction, for each tenant. */
const PREFACES = 4;

export function judgeLeftOver(start: LeftOver, end: LeftOver): Violation[] {
  const violations: Violation[] = [];
  const limits: Record<string, number> = { kv: PREFACES, originals: 0, quarantine: 0 };
  for (const [kind, limit] of Object.entries(limits)) {
    const count = end.objects[kind] ?? 0;
    if (count > limit) violations.push({ kind: 'left-over', what: `${count} objects are left in ${kind}` });
  }
  if (end.bytes > start.bytes + DISK_MARGIN) {
    const what = `${end.bytes} bytes are stored after everything was deleted, ${start.bytes} at the start`;
    violations.push({ kind: 'left-over', what });
  }
  return violations;
}

/** What one process may have more than another of the same kind: allocators and caches differ so much. */
const MEMORY_MARGIN = 384 << 20;
const HANDLES_MARGIN = 64;

/** What a server that has nothing to do holds. */
export interface Held {
  rss: number;
  /** Open files and sockets. */
  handles: number;
}

export function judgeHeld(start: Held, end: Held): Violation[] {
  const violations: Violation[] = [];
  if (end.rss > start.rss + MEMORY_MARGIN) {
    violations.push({ kind: 'memory', what: `${end.rss} bytes of memory, ${start.rss} at the start` });
  }
  if (end.handles > start.handles + HANDLES_MARGIN) {
    violations.push({ kind: 'memory', what: `${end.handles} open files, ${start.handles} at the start` });
  }
  return violations;
}
