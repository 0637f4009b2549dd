/** Jobs on this machine: real commands, ended and tried again as Batch would. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type JobDefinition, type LocalJobQueue, openLocalJobs } from '../support/local-jobs.ts';
import { temporaryFolder } from '../support/models.ts';

/** As infra/batch-aws.yml has it. */
const RETRY: JobDefinition['RetryStrategy'] = {
  Attempts: 3,
  EvaluateOnExit: [
    { Action: 'RETRY', OnStatusReason: 'Host EC2*' },
    { Action: 'RETRY', OnExitCode: '75' },
    { Action: 'EXIT', OnReason: '*' },
  ],
};
/** Adds a line to the file `runs` and then does what it is told. */
const script = (rest: string) => `
  const { appendFileSync, readFileSync } = require('node:fs');
  appendFileSync('runs', process.env.WORD + ' ' + process.argv.slice(1).join(' ') + '\\n');
  const run = readFileSync('runs', 'utf8').split('\\n').length - 1;
  ${rest}`;

describe('jobs on this machine', () => {
  let directory: string;
  let jobs: LocalJobQueue | undefined;
  const exits: object[] = [];
  beforeEach(async () => {
    directory = await temporaryFolder();
    exits.length = 0;
  });
  afterEach(() => jobs?.close());

  const open = (rest: string, more: Partial<JobDefinition> = {}, words: string[] = []) => {
    jobs = openLocalJobs({
      definition: {
        ContainerProperties: {
          Command: ['node', '-e', script(rest), ...words],
          Environment: [{ Name: 'WORD', Value: 'given' }],
        },
        RetryStrategy: RETRY!,
        ...more,
      },
      directory,
      environment: { PATH: process.env.PATH, WORD: 'ours' },
      onExit: (exit) => void exits.push(exit),
    });
    return jobs;
  };
  const runs = async () => (await readFile(join(directory, 'runs'), 'utf8')).trim().split('\n');
  const started = (count: number) => vi.waitFor(async () => expect(await runs()).toHaveLength(count), 20_000);

  it('runs the command with the parameters and the environment of the definition', async () => {
    const local = open('', { Parameters: { what: 'passages' } }, ['--', '--do', 'Ref::what']);
    await local.submit();
    expect(await local.active(10)).toBe(1);
    await local.idle();
    expect(await local.active(10)).toBe(0);
    expect(await runs()).toEqual(['given --do passages']);
    expect(exits).toEqual([{ code: 0, signal: null, retried: false }]);
  });

  it('runs several jobs at once', async () => {
    const local = open('setTimeout(() => {}, 200)');
    await Promise.all([local.submit(), local.submit()]);
    await started(2);
    expect(await local.active(10)).toBe(2);
    expect(local.processes()).toHaveLength(2);
    await local.idle();
  });

  it('tries again after the exit code that asks for it, as often as the definition says', async () => {
    const local = open('process.exitCode = 75');
    await local.submit();
    await local.idle();
    expect(exits).toEqual([
      { code: 75, signal: null, retried: true },
      { code: 75, signal: null, retried: true },
      { code: 75, signal: null, retried: false },
    ]);
  });

  it('tries again when the process is killed, as when a machine is lost', async () => {
    const local = open('if (run === 1) setInterval(() => {}, 1000)');
    await local.submit();
    await started(1);
    const [child] = local.processes();
    const ended = once(child!, 'exit');
    child!.kill('SIGKILL');
    await ended;
    await local.idle();
    expect(exits).toEqual([
      { code: null, signal: 'SIGKILL', retried: true },
      { code: 0, signal: null, retried: false },
    ]);
  });

  it('tries nothing again where a definition says nothing of it', async () => {
    const local = open('process.exitCode = 75', { RetryStrategy: {} });
    await local.submit();
    await local.idle();
    expect(exits).toEqual([{ code: 75, signal: null, retried: false }]);
  });

  it('does not try again what failed otherwise', async () => {
    const local = open('process.exitCode = 1');
    await local.submit();
    await local.idle();
    expect(exits).toEqual([{ code: 1, signal: null, retried: false }]);
  });

  it('a parameter that the definition does not have is refused', () => {
    expect(() => open('', {}, ['Ref::what'])).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });

  it('a command that is not there ends the job, and the next one runs', async () => {
    const file = join(directory, 'later');
    const definition = { ContainerProperties: { Command: [file] } };
    jobs = openLocalJobs({ definition, directory, environment: {}, onExit: (exit) => void exits.push(exit) });
    await jobs.submit();
    await jobs.idle();
    expect(exits).toEqual([{ code: 127, signal: null, retried: false }]);
    await writeFile(file, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    await jobs.submit();
    await jobs.idle();
    expect(exits.at(-1)).toEqual({ code: 0, signal: null, retried: false });
  });

  it('closing stops what runs, and starts nothing again', async () => {
    const local = open('setInterval(() => {}, 1000)');
    await local.submit();
    await started(1);
    await local.close();
    expect(await local.active(10)).toBe(0);
    expect(exits).toEqual([{ code: null, signal: 'SIGTERM', retried: false }]);
  });
});
