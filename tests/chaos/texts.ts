/** The documents of a run: each text follows from its tenant, name and edition, so that no copy need be kept. */

export const TENANTS = ['alder', 'birch', 'cedar'] as const;
export type Tenant = (typeof TENANTS)[number];

/** A word that stands in every passage of one tenant's documents, and nowhere else. */
const MARKS: Record<Tenant, string> = { alder: 'Quorvane', birch: 'Mistrelle', cedar: 'Dunhollow' };

/** One for each document. */
const PLACES = [
  ...['Grimsay', 'Lerwick', 'Tobermory', 'Stornoway', 'Kirkwall', 'Mallaig'],
  ...['Bergen', 'Hanko', 'Visby', 'Esbjerg', 'Tromso', 'Uppsala'],
  ...['Palermo', 'Cadiz', 'Valletta', 'Bastia', 'Corinth', 'Zadar'],
];
/** Documents of a tenant: lanes of clients, and names of each. */
export const LANES = 2;
export const NAMES = 3;

const PIERS = ['north', 'south', 'east', 'west', 'old', 'new', 'long', 'stone'];
/** Of one document in so many the text is long: a kill then comes in the middle of its passages. */
const LONG_ONE_IN = 9;
const LONG = 12;

/** Of a document's name, such as 1-2. */
function placeOf(tenant: Tenant, name: string): string {
  const [lane, number] = name.split('-').map(Number) as [number, number];
  return PLACES[TENANTS.indexOf(tenant) * LANES * NAMES + lane * NAMES + number]!;
}

/** The text of one edition of a document. */
export function textOf(tenant: Tenant, name: string, edition: number): string {
  const place = placeOf(tenant, name);
  const mark = MARKS[tenant];
  const count = edition % LONG_ONE_IN === LONG_ONE_IN - 1 ? LONG : 1 + (edition % 3);
  const sections = Array.from({ length: count }, (_, i) => {
    const pier = PIERS[(edition + i) % PIERS.length];
    // Only the first names the place, so that one passage is what is asked for.
    const title = i === 0 ? `The ferry to ${place}` : `Boat ${i}`;
    return `# ${title}\n\n${title}, edition ${edition} of ${mark}, leaves the ${pier} pier at ${(edition + i) % 24} o'clock.\n`;
  });
  return sections.join('\n');
}

/** What is asked about a document. */
export function questionOf(tenant: Tenant, name: string): string {
  return `When does the ferry to ${placeOf(tenant, name)} leave?`;
}

/** Which edition a text is of; undefined: it is no text of that document. */
export function editionOf(tenant: Tenant, name: string, text: string): number | undefined {
  const edition = Number(/, edition (\d{1,9}) of /.exec(text)?.[1]);
  return textOf(tenant, name, edition) === text ? edition : undefined;
}

/** The tenants, but for this one, whose documents a text holds words of. */
export function foreignIn(tenant: Tenant, text: string): Tenant[] {
  return TENANTS.filter((other) => other !== tenant && text.includes(MARKS[other]));
}
