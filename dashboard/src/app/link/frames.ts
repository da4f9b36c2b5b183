import { Injectable } from '@angular/core';

/**
 * Runs work in the next animation frame, at most once a frame for each key: a
 * newer job takes the place of an older one. A hidden tab has no frames, so
 * nothing is drawn there, and what waits is bounded by the number of keys.
 */
@Injectable({ providedIn: 'root' })
export class Frames {
  private readonly jobs = new Map<unknown, () => void>();
  private asked = false;

  next(key: unknown, job: () => void): void {
    this.jobs.set(key, job);
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => this.run());
  }

  drop(key: unknown): void {
    this.jobs.delete(key);
  }

  private run(): void {
    this.asked = false;
    const jobs = [...this.jobs.values()];
    this.jobs.clear();
    for (const job of jobs) job();
  }
}
