import type { Routes } from '@angular/router';
import { loadParts } from '../quality/parts-loader';
import type { PageId } from './pages';
import { withSheet } from './sheets';

/** Each page is a file of its own. */
const LOAD = {
  live: () => import('../live/live-page').then((m) => m.LivePage),
  try: () => withSheet('try', import('../try/try-page')).then((m) => m.TryPage),
  quality: () => import('../quality/quality-page').then((m) => m.QualityPage),
  models: () => import('../models/models-page').then((m) => m.ModelsPage),
} satisfies Record<PageId, unknown>;

/**
 * The pages' addresses are hashes, so that the server serves one page and a
 * reload stays where it was: #/live?minutes=10&model=digits&scale=log
 */
export const ROUTES: Routes = [
  ...Object.entries(LOAD).map(([path, loadComponent]) => ({ path, loadComponent })),
  { path: '**', redirectTo: 'live' },
];

/**
 * Fetches every page: they are there then when the server is not, and all of one
 * build when it is replaced by another. What cannot be fetched now is when it is shown.
 */
export function preload(): void {
  for (const load of [...Object.values(LOAD), loadParts, () => import('../access/door')]) load().catch(() => undefined);
}
