import { Injectable } from '@angular/core';
import { type PreloadingStrategy, type Route, type Routes } from '@angular/router';
import { type Observable, switchMap, timer } from 'rxjs';

/**
 * Each page is a file of its own. Their addresses are hashes, so that the server
 * serves one page and a reload stays where it was: #/live?minutes=10&model=digits&scale=log
 */
export const ROUTES: Routes = [
  { path: 'live', loadComponent: () => import('../live/live-page').then((m) => m.LivePage) },
  { path: 'try', loadComponent: () => import('../try/try-page').then((m) => m.TryPage) },
  { path: 'quality', loadComponent: () => import('../quality/quality-page').then((m) => m.QualityPage) },
  { path: 'models', loadComponent: () => import('../models/models-page').then((m) => m.ModelsPage) },
  { path: '**', redirectTo: 'live' },
];

const SOON = 2000; // ms

/**
 * Fetches the other pages once the first is shown: they are there when the server
 * is not, and all of one build when it is replaced by another.
 */
@Injectable({ providedIn: 'root' })
export class PreloadSoon implements PreloadingStrategy {
  preload(_: Route, load: () => Observable<unknown>): Observable<unknown> {
    return timer(SOON).pipe(switchMap(load));
  }
}
