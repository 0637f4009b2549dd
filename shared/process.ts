/** Identifies a process beyond its id, because ids are reused; in a container each start may get the same one. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

const HAS_PROC = existsSync('/proc/self/stat');

/**
 * When a process started, as a text that is the same for the whole life of that process; undefined when no
 * such process lives. Linux: clock ticks since boot; elsewhere the date that `ps` gives.
 */
export function startTimeOf(pid: number): string | undefined {
  try {
    return HAS_PROC ? startTimeInProc(pid) : startTimeByPs(pid);
  } catch {
    return undefined;
  }
}

function startTimeInProc(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // Field 2 is the command in brackets and may hold anything; field 3 follows its last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const dead = fields[0] === 'Z' || fields[0] === 'X';
  return dead ? undefined : fields[22 - 3];
}

function startTimeByPs(pid: number): string | undefined {
  const output = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return output.trim().replace(/[^0-9A-Za-z]+/g, '_') || undefined;
}

/**
 * A text equal for two processes only if each can see the other by its process id: the same host, the same
 * boot and, on Linux, the same pid namespace (each container has its own).
 */
export function hostId(): string {
  if (!HAS_PROC) return hostname();
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return [hostname(), boot, readlinkSync('/proc/self/ns/pid')].join(' ');
}
