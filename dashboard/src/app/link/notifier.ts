import { Injectable, signal } from '@angular/core';
import type { Alert } from './client';

/** Tells of alerts through the system while nobody looks at the page, if that was
 * allowed; the browser is asked only when somebody wants it. */
@Injectable({ providedIn: 'root' })
export class Notifier {
  private readonly permission = signal(typeof Notification === 'undefined' ? 'denied' : Notification.permission);

  askable(): boolean {
    return this.permission() === 'default';
  }

  async ask(): Promise<void> {
    this.permission.set(await Notification.requestPermission());
  }

  tell(alert: Alert): void {
    if (!document.hidden || this.permission() !== 'granted') return;
    const { id, metric, message, severity, state } = alert;
    const word = state === 'resolved' ? 'Resolved' : severity === 'critical' ? 'Critical' : 'Warning';
    new Notification(`Penstock: ${word}`, { body: message, tag: id ?? metric }); // one for each thing that is watched
  }
}
