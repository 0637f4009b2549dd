/**
 * List prices of us-east-1 in US dollars, from public price lists and from memory, November 2026: check them before
 * anything depends on them. Free tiers, tax and data transfer out are left out.
 */

/** A price, and how it is written where it is multiplied. */
export interface Price {
  dollars: number;
  text: string;
}

/** A price of so many at once: 0.40 of a million requests. */
const price = (dollars: number, per = 1): Price => ({
  dollars: dollars / per,
  text: per === 1 ? String(dollars) : `${dollars} / ${per.toLocaleString('en-US')}`,
});

const MILLION = 1_000_000;
const THOUSAND = 1_000;

export const HOURS_A_MONTH = 730;
export const SECONDS_A_MONTH = HOURS_A_MONTH * 3600;

export const PRICES = {
  /** On arm64. */
  lambda: {
    gbSecond: price(0.0000133334),
    request: price(0.2, MILLION),
    /** Of an instance that is kept warm, whether or not it answers. */
    provisionedGbSecond: price(0.0000033334),
  },
  /** Linux on arm64; 20 GB of disk are free. */
  fargate: { vcpuHour: price(0.03238), gbHour: price(0.00356), diskGbHour: price(0.000111) },
  loadBalancer: { hour: price(0.0225), capacityUnitHour: price(0.008) },
  addressHour: price(0.005),
  apiRequest: price(3.5, MILLION),
  s3: { gbMonth: price(0.023), put: price(0.005, THOUSAND), get: price(0.0004, THOUSAND) },
  /** On demand. */
  dynamo: {
    write: price(0.625, MILLION),
    read: price(0.125, MILLION),
    gbMonth: price(0.25),
    backupGbMonth: price(0.2),
  },
  sqsRequest: price(0.4, MILLION),
  event: price(1, MILLION),
  /** Spot prices move. */
  spotHour: { c7iXlarge: price(0.08) },
  cloudwatch: { alarm: price(0.1), dashboard: price(3), logGb: price(0.5), metric: price(0.3) },
  waf: { acl: price(5), rule: price(1), request: price(0.6, MILLION) },
} as const;
