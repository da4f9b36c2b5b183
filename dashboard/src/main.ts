import { provideZonelessChangeDetection } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { provideRouter, withHashLocation, withPreloading } from '@angular/router';
import { App } from './app/shell/app';
import { PreloadSoon, ROUTES } from './app/shell/routes';

bootstrapApplication(App, {
  providers: [provideZonelessChangeDetection(), provideRouter(ROUTES, withHashLocation(), withPreloading(PreloadSoon))],
}).catch((error: unknown) => console.error(error));
