/** Short documents for tests. */

export const FERRY = `# Ferry

The ferry to Grimsay leaves the north pier at noon on Tuesdays. A ticket costs nine euros.
`;

export const LIGHTHOUSE = `# Lighthouse

The lighthouse of Grimsay was built in 1871 by the engineer Morag Sinclair. It has 143 steps.
`;

const CREATURES = [
  'heron',
  'otter',
  'puffin',
  'seal',
  'gannet',
  'curlew',
  'plover',
  'tern',
  'petrel',
  'skua',
];
const PLACES = ['pier', 'beach', 'cliff', 'harbour', 'marsh', 'island', 'meadow', 'estuary', 'reef', 'dune'];

/** A text of at least that many passages of at most 32 tokens: a heading and a sentence for each number. */
export function manyPassages(count: number, from: number): string {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const creature = CREATURES[n % 10]!;
    const place = PLACES[Math.floor(n / 10) % 10]!;
    return `# Note ${n}\n\nThe ${creature} number ${n} was seen near the ${place} on day ${(n * 7) % 365}.\n`;
  }).join('\n');
}
