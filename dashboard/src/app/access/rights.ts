import { ACTIONS, cut } from './access.state';
import { MAY, MAY_WITH } from './words';

/** What scopes allow, in words. What a newer server grants is told as it calls it. */
export function rights(scopes: readonly string[]): string[] {
  const words: string[] = [];
  const known = scopes.map(cut);
  for (const action of ACTIONS) {
    const models = known.filter(([name]) => name === action).map(([, model]) => model);
    if (models.includes(null)) words.push(MAY[action]);
    else if (models.length > 0) words.push(`${MAY_WITH[action]} ${models.join(', ')}`);
  }
  return [...words, ...scopes.filter((scope) => !(ACTIONS as readonly string[]).includes(cut(scope)[0]))];
}
