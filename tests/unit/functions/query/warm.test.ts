import { expect, it } from 'vitest';
import { warmAhead } from '../../../../functions/query/warm.ts';

function loading() {
  let end = () => {};
  let fail = (_: Error) => {};
  const loaded = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  const failures: unknown[] = [];
  let ready = false;
  const begin = (type?: string) =>
    warmAhead(
      () => loaded,
      { AWS_LAMBDA_INITIALIZATION_TYPE: type },
      (error) => failures.push(error),
    ).then(() => {
      ready = true;
    });
  return { begin, end, fail, failures, ready: () => ready };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

it('an instance of provisioned concurrency is ready when the model is', async () => {
  const one = loading();
  const begun = one.begin('provisioned-concurrency');
  await turn();
  expect(one.ready()).toBe(false);
  one.end();
  await begun;
  expect(one.ready()).toBe(true);
});

it.each(['on-demand', undefined])('an instance that starts %s does not wait', async (type) => {
  const one = loading();
  await one.begin(type);
  expect(one.ready()).toBe(true);
  one.end();
});

it('a model that cannot be loaded is told, and the instance still starts', async () => {
  const one = loading();
  one.fail(new Error('no model'));
  await one.begin('provisioned-concurrency');
  expect(one.failures).toEqual([new Error('no model')]);
});
