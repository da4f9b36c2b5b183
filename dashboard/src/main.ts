import { type ApplicationRef, provideZonelessChangeDetection } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { provideRouter, withHashLocation } from '@angular/router';
import { FIRST_TOKEN } from './app/link/credentials';
import { takeToken, watchToken } from './app/link/fragment';
import { Gate, RESTART } from './app/link/gate';
import { App } from './app/shell/app';
import { ROUTES } from './app/shell/routes';

let app: ApplicationRef | undefined;

async function begin(token: string | null): Promise<void> {
  const providers = [
    provideZonelessChangeDetection(),
    provideRouter(ROUTES, withHashLocation()),
    { provide: FIRST_TOKEN, useValue: token },
    { provide: RESTART, useValue: restart },
  ];
  app = await bootstrapApplication(App, { providers });
}

function restart(token: string | null): void {
  app?.destroy(); // with its element
  document.body.prepend(document.createElement('ps-app'));
  begin(token).catch((error: unknown) => console.error(error));
}

const first = takeToken(); // before anything reads the address
watchToken((token) => void app?.injector.get(Gate).enter(token));
begin(first).catch((error: unknown) => console.error(error));
