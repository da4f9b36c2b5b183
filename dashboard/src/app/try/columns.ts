import type { ColumnInfo, FeatureRange, NamedFeatures } from '../link/client';
import { isNumber } from './rows';

/** What was filled in for a column. */
export interface Field {
  readonly text: string;
  readonly missing: boolean;
}

export const EMPTY: Field = { text: '', missing: false };

/** Of a form: a row, or what is wrong with it. */
export type Filled = { readonly values: NamedFeatures; readonly problem: null } | { readonly values: null; readonly problem: string };

/** Reads a form with a field for each column. */
export function readColumns(columns: readonly ColumnInfo[], fields: ReadonlyMap<string, Field>): Filled {
  const values: [string, number | string | null][] = [];
  for (const { name, kind, missing } of columns) {
    const field = fields.get(name) ?? EMPTY;
    const text = kind === 'category' ? field.text : field.text.trim().replace(',', '.');
    if (field.missing) values.push([name, null]);
    else if (text === '') return wrong(name, `is empty${missing ? '; fill it in, or mark it as missing' : ''}.`);
    else if (kind === 'category') values.push([name, text]);
    else if (!isNumber(text)) return wrong(name, `, “${text.slice(0, 24)}”, is not a number.`);
    else if (!Number.isFinite(Math.fround(Number(text)))) return wrong(name, 'is beyond what float32 holds.');
    else values.push([name, Number(text)]);
  }
  return { values: Object.fromEntries(values), problem: null };
}

function wrong(name: string, what: string): Filled {
  return { values: null, problem: `\u2068${name}\u2069${what.startsWith(',') ? '' : ' '}${what}` };
}

/** What a number usually is. */
export function rangeText(r?: FeatureRange): string | null {
  return r && r.min !== null ? `${short(r.min)} to ${short(r.max!)}` : null;
}

/** What a row most likely holds: the median, the most frequent category, or nothing where most rows have none. */
export function usual({ categories }: ColumnInfo, { median, missing, counts }: FeatureRange): Field {
  const top = counts ? counts.indexOf(Math.max(...counts)) : -1;
  return { text: categories?.[top] ?? (median === null ? '' : String(median)), missing: missing > 0.5 };
}

const short = (x: number) => String(Number(x.toPrecision(4))).replace('-', '\u2212');
