import { provideZonelessChangeDetection } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { provideRouter, withHashLocation } from '@angular/router';
import { App } from './app/shell/app';
import { ROUTES } from './app/shell/routes';

bootstrapApplication(App, {
  providers: [provideZonelessChangeDetection(), provideRouter(ROUTES, withHashLocation())],
}).catch((error: unknown) => console.error(error));
