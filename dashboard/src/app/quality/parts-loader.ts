import { withSheet } from '../shell/sheets';

/** Fetches the charts and tables of the Quality page. */
export const loadParts = () => withSheet('quality', import('./quality-parts')).then((m) => m.QualityParts);
