import { computed, effect, type EffectRef, inject, Injectable, untracked } from '@angular/core';
import { Store } from '../store/store';
import { Api, reason } from './api';

const EVERY = 2000; // ms

/**
 * Fetches what the Quality and Models pages show, while they are looked at, and
 * of what kind the models are, which Live asks too. What is on its way when
 * another page is looked at may still come: it is no less true.
 */
@Injectable({ providedIn: 'root' })
export class ApiLink {
  private readonly store = inject(Store);
  private readonly api = inject(Api);
  /** Whether the server lets one ask. */
  private readonly mayAsk = computed(() => this.store.access.session() > 0 && this.store.access.may('dashboard'));
  private readonly connected = computed(() => this.store.shell.status().status === 'connected');
  private readonly timer = new Later();
  private readonly processes = new Later();
  private ended = new AbortController();
  private watches: EffectRef[] = [];

  start(): void {
    this.ended = new AbortController();
    const { view } = this.store;
    this.watches = [
      effect(() => {
        const page = view.page();
        const connected = this.connected(); // after a reconnect it may be another server
        this.store.access.session(); // another may see other models
        if (!this.mayAsk()) return;
        if (page !== 'live' || connected) untracked(() => void this.models());
      }),
      effect(() => {
        const looking = view.page() === 'quality' && this.mayAsk();
        untracked(() => (looking ? void this.quality() : this.timer.drop()));
      }),
    ];
  }

  stop(): void {
    for (const watch of this.watches) watch.destroy();
    this.watches = [];
    this.timer.drop();
    this.processes.drop();
    this.ended.abort();
  }

  /** Asks again some time after each answer: answers neither overtake each other
   * nor pile up on a slow server. */
  private async quality(): Promise<void> {
    const { quality, view } = this.store;
    const { signal } = this.ended;
    const next = this.timer.claim();
    try {
      if (!document.hidden) quality.set(await this.api.quality(signal));
    } catch (error) {
      if (!signal.aborted) quality.fail(reason(error));
    }
    if (!signal.aborted && view.page() === 'quality' && this.mayAsk()) next(() => void this.quality(), EVERY);
  }

  private async models(): Promise<void> {
    const { models, live } = this.store;
    const { signal } = this.ended;
    const next = this.processes.claim();
    let again = models.facts()?.some((m) => m.processes?.length);
    try {
      const answer = await this.api.models(signal);
      models.set(answer.models);
      live.learn(answer.models);
      again = answer.models.some((m) => m.processes?.length);
    } catch (error) {
      if (!signal.aborted) models.fail(reason(error));
    }
    // What is said of processes does not stay true.
    if (again && !signal.aborted && this.store.view.page() === 'models' && this.mayAsk()) next(() => void this.models(), EVERY);
  }
}

/** One timer, which the newest that claimed it may set. */
class Later {
  private owner = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  claim(): (job: () => void, ms: number) => void {
    this.drop();
    const owner = this.owner;
    return (job, ms) => { if (owner === this.owner) this.timer = setTimeout(job, ms); };
  }

  drop(): void {
    clearTimeout(this.timer);
    this.owner++;
  }
}
