/** One class of a confusion matrix, told in the usual measures. */
export interface ClassScore {
  readonly name: string;
  readonly labelled: number; // rows whose true class this is
  readonly predicted: number; // labelled rows that were taken for it
  readonly correct: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
}

const share = (part: number, whole: number) => (whole > 0 ? part / whole : null);

/** confusion[t][p] counts rows of class t that were predicted as p. */
export function classScores(classes: readonly string[], confusion: readonly (readonly number[])[]): ClassScore[] {
  return classes.map((name, c) => {
    const row = confusion[c] ?? [];
    const labelled = row.reduce((sum, n) => sum + n, 0);
    const predicted = confusion.reduce((sum, r) => sum + (r[c] ?? 0), 0);
    const correct = row[c] ?? 0;
    return {
      name, labelled, predicted, correct,
      precision: share(correct, predicted),
      recall: share(correct, labelled),
      f1: share(2 * correct, labelled + predicted),
    };
  });
}

export interface Confused {
  readonly truth: string;
  readonly guess: string;
  readonly count: number;
}

/** The mistakes that were made most often. */
export function mostConfused(classes: readonly string[], confusion: readonly (readonly number[])[], most: number): Confused[] {
  const pairs: Confused[] = [];
  confusion.forEach((row, t) =>
    row.forEach((count, p) => {
      if (t !== p && count > 0) pairs.push({ truth: classes[t] ?? '', guess: classes[p] ?? '', count });
    }),
  );
  return pairs.sort((a, b) => b.count - a.count).slice(0, most);
}

/** A step from 0 to 9 for the colour of a cell: its share of its row. The
 * square root keeps rare mistakes visible beside a strong diagonal. */
export function heat(count: number, total: number): number {
  return count === 0 || total === 0 ? 0 : Math.max(1, Math.round(9 * Math.sqrt(count / total)));
}
