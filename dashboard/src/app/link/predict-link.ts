import { effect, type EffectRef, inject, Injectable, InjectionToken, untracked } from '@angular/core';
import { PredictClient } from 'penstock-client/predict';
import { mustSignIn } from '../access/words';
import { Store } from '../store/store';
import { Questions } from '../try/questions';
import { readColumns } from '../try/columns';
import { parseRow } from '../try/rows';
import { TRIAL } from '../try/trial.state';
import { SESSION, socketAddress } from './address';
import type { RowLabel } from './client';
import { Credentials } from './credentials';
import { Frames } from './frames';

/** Opens the socket for predictions, or a stand-in for it. */
export const PREDICT_CLIENT = new InjectionToken<() => PredictClient>('predict client', {
  providedIn: 'root',
  factory: () => {
    const credentials = inject(Credentials);
    return () => new PredictClient(socketAddress('ws/predict'), { session: SESSION, token: credentials.show() ?? undefined });
  },
});

/** Streams what is drawn to the model while the Try it page is open, which starts and stops it. */
@Injectable({ providedIn: 'root' })
export class PredictLink {
  private readonly store = inject(Store);
  private readonly trial = inject(TRIAL);
  private readonly frames = inject(Frames);
  private readonly make = inject(PREDICT_CLIENT);
  private readonly questions = new Questions(this.trial, (job) => this.frames.next(this, job));
  private client: PredictClient | null = null;
  private leave: (() => void)[] = [];
  private effects: EffectRef[] = [];

  start(): void {
    const { trial } = this;
    const { access } = this.store;
    let model = trial.model()?.name;
    this.effects = [
      effect(() => {
        const session = access.session();
        const mayAsk = access.may('predict');
        untracked(() => {
          this.close(); // one socket for each time that somebody was let in
          if (session > 0 && mayAsk) this.open();
        });
      }),
      effect(() => {
        const name = trial.model()?.name;
        if (name !== model) untracked(() => trial.begin());
        model = name;
      }),
      effect(() => {
        const pixels = trial.input() === 'pad' ? trial.pixels() : null;
        trial.sheet(); // the same drawing on another sheet is another question
        untracked(() => (pixels ? this.questions.ask(pixels, pixels) : this.questions.forget()));
      }),
    ];
  }

  stop(): void {
    for (const e of this.effects) e.destroy();
    this.effects = [];
    this.frames.drop(this);
    this.close();
    this.trial.clear();
  }

  reconnect(): void {
    this.client?.reconnect();
  }

  /** Asks about the row in the form. */
  submitRow(): void {
    const { trial } = this;
    const model = trial.model();
    if (!model) return;
    const row = trial.input() === 'columns' ? readColumns(model.columns ?? [], trial.fields()) : parseRow(trial.row(), model.features, model.missing);
    if (row.problem !== null) trial.fail(row.problem);
    else this.questions.ask(row.values, null);
  }

  /** Tells the true answer to what is drawn or asked now. */
  label(label: RowLabel): Promise<void> {
    return this.questions.label(label);
  }

  private open(): void {
    const { trial } = this;
    const { access, inbox } = this.store;
    const client = this.make();
    this.client = client;
    this.leave = [
      client.status.subscribe((status) => {
        trial.setStatus(status);
        const why = mustSignIn(status);
        if (why) access.lose(why);
        this.questions.connect(status.status === 'connected' ? client : null);
      }),
      client.hello.subscribe((hello) => trial.setHello(hello)),
      client.on('notification', (notification) => inbox.add(notification)),
    ];
  }

  private close(): void {
    for (const leave of this.leave) leave();
    this.leave = [];
    this.questions.connect(null);
    this.client?.close();
    this.client = null;
  }
}
