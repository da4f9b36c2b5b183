/** What a pasted row turned out to be. */
export type Row = { readonly values: Float32Array | readonly (number | null)[]; readonly problem: null } | { readonly values: null; readonly problem: string };

/**
 * Reads one row of features as people paste them: separated by commas,
 * semicolons, tabs, spaces or line breaks, with or without brackets. Where the
 * model takes that, null stands for what is missing.
 */
export function parseRow(text: string, features: number, missing = false): Row {
  const words = text.trim().replace(/^\[|\]$/g, '').split(/[\s,;]+/).filter((w) => w !== '');
  const wrong = words.findIndex((w) => !isNumber(w) && !(missing && w === 'null'));
  if (wrong >= 0) {
    const word = words[wrong]!;
    const shown = word.length > 24 ? `${word.slice(0, 24)}…` : word;
    return { values: null, problem: `Value ${wrong + 1}, “${shown}”, is not a number.` };
  }
  if (words.length !== features) {
    return { values: null, problem: `This model takes ${features} values; there ${words.length === 1 ? 'is' : 'are'} ${words.length}.` };
  }
  const values = Float32Array.from(words, Number);
  const big = values.findIndex((v, i) => !Number.isFinite(v) && words[i] !== 'null');
  const read = words.includes('null') ? words.map((w) => (w === 'null' ? null : Number(w))) : values;
  return big < 0 ? { values: read, problem: null } : { values: null, problem: `Value ${big + 1} is beyond what float32 holds.` };
}

export function isNumber(word: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word);
}
