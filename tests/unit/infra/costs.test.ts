import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  breakEven,
  documentRequests,
  documentsBill,
  idleBill,
  type Line,
  provisionedBill,
  questionsBill,
  requestLines,
  serverBill,
  storageBill,
  total,
} from '../../../infra/costs/bill.ts';
import { REQUESTS, STAGE } from '../../../infra/costs/measured.ts';

const INFRA = resolve(import.meta.dirname, '../../../infra');
const text = (name: string) => readFileSync(join(INFRA, name), 'utf8');
const alarmsIn = (...names: string[]) =>
  names.flatMap((name) => text(name).match(/Type: AWS::CloudWatch::Alarm/g) ?? []).length;

const ALL: [string, Line[]][] = [
  ['documents', documentsBill(1000)],
  ['storage', storageBill(1000)],
  ['questions of functions', questionsBill(1000, 'lambda')],
  ['questions of servers', questionsBill(1000, 'ecs')],
  ['a month of functions', idleBill('lambda')],
  ['a month of servers', idleBill('ecs')],
  ['warm instances', provisionedBill(1)],
];

describe('the costs', () => {
  it.each(ALL)('of %s are what their arithmetic says', (_, lines) => {
    for (const { how, dollars } of lines) {
      const factors = how.split(' x ').map((factor) => {
        const [value, per] = factor.replaceAll(',', '').split(' / ');
        return Number.parseFloat(value!) / (per === undefined ? 1 : Number(per));
      });
      expect(factors.reduce((product, factor) => product * factor)).toBeCloseTo(dollars, 6);
      expect(dollars).toBeGreaterThan(0);
    }
  });

  it('are those of the stage that is deployed without parameters', () => {
    const { params } = parse(readFileSync(join(INFRA, '../serverless.yml'), 'utf8'), { logLevel: 'silent' });
    const { alarms: _, wafRules: __, smallMemory: ___, ...stage } = STAGE;
    expect(params.default).toMatchObject(stage);
    const memory = [...text('functions.yml').matchAll(/memorySize: (\d+)/g)].map(([, size]) => Number(size));
    expect(memory).toEqual([STAGE.smallMemory, STAGE.smallMemory]);
    expect(text('waf-aws.yml').match(/- Name: /g)).toHaveLength(STAGE.wafRules);
  });

  it('have all alarms, of both servings', () => {
    expect(STAGE.alarms).toEqual({
      lambda: alarmsIn('alarms.yml', 'alarms-lambda.yml'),
      ecs: alarmsIn('alarms.yml', 'alarms-ecs.yml', 'scaling-ecs.yml') + 2,
    });
  });

  it('of a question are less with servers, and of a month without one more', () => {
    expect(total(questionsBill(1000, 'ecs'))).toBeLessThan(total(questionsBill(1000, 'lambda')));
    expect(total(idleBill('ecs'))).toBeGreaterThan(
      total(idleBill('lambda')) + total(serverBill(STAGE.serversMin)),
    );
    const month = (serving: 'lambda' | 'ecs', perSecond: number) =>
      total(idleBill(serving)) + total(questionsBill(perSecond * 730 * 3600, serving));
    expect(month('ecs', breakEven())).toBeCloseTo(month('lambda', breakEven()), 4);
  });

  it('of requests grow with what was counted', () => {
    const counted = { s3Gets: 12, s3Puts: 2, dynamoReads: 8, dynamoWrites: 4 };
    // 12 x 0.0004 + 2 x 0.005 + 8 x 0.000125 + 4 x 0.000625
    expect(total(requestLines(1000, counted))).toBeCloseTo(0.0183, 10);
    expect(documentRequests({ ...REQUESTS, document: counted, passage: counted }, 2)).toEqual({
      ...{ s3Gets: 36, s3Puts: 6, dynamoReads: 24, dynamoWrites: 12 },
    });
  });
});
