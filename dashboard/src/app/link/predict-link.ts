import { effect, inject, Injectable, untracked } from '@angular/core';
import { Store } from '../store/store';
import { parseRow } from '../try/rows';
import { SESSION, socketAddress } from './address';
import { PredictClient } from './client';
import { Frames } from './frames';

/**
 * Streams what is drawn to the model while the Try it page is open. The latest
 * drawing wins: at most one request is in flight and at most one waits.
 */
@Injectable({ providedIn: 'root' })
export class PredictLink {
  private readonly store = inject(Store);
  private readonly frames = inject(Frames);
  private client: PredictClient | null = null;
  private leave: (() => void)[] = [];
  private wanted: Float32Array | null = null;
  private flight: Promise<void> | null = null;
  /** Counts cleared drawings, so that a late answer finds out. */
  private sheet = 0;

  start(): void {
    const { shell, trial } = this.store;
    effect(() => {
      const here = shell.route() === 'try';
      untracked(() => (here ? this.open() : this.close()));
    });
    effect(() => {
      const pixels = trial.drawable() ? trial.pixels() : null;
      untracked(() => (pixels ? this.ask(pixels) : this.forget()));
    });
  }

  reconnect(): void {
    this.client?.reconnect();
  }

  /** Asks about the row in the form. */
  submitRow(): void {
    const { trial } = this.store;
    const row = parseRow(trial.row(), trial.model()?.features ?? 0);
    if (row.problem !== null) trial.fail(row.problem);
    else this.ask(row.values);
  }

  /** Tells the true answer to the newest drawing, once it was read. */
  async label(label: string | number): Promise<void> {
    const { trial } = this.store;
    const sheet = this.sheet;
    while (this.flight) await this.flight;
    const answer = trial.answer();
    if (!answer || !this.client || sheet !== this.sheet || ['sending', 'counted'].includes(trial.labelling().state)) return;
    trial.labelSent();
    try {
      const { correct } = await this.client.feedback(answer.prediction.requestId, label);
      trial.labelled(answer, String(label), correct);
    } catch (error) {
      trial.labelFailed(message(error));
    }
  }

  private open(): void {
    if (this.client) return;
    const { trial } = this.store;
    const client = new PredictClient(socketAddress('ws/predict'), { session: SESSION });
    this.client = client;
    this.leave = [
      client.status.subscribe((status) => {
        trial.setStatus(status);
        if (status.status === 'connected') this.pump();
      }),
      client.hello.subscribe((hello) => trial.setHello(hello)),
    ];
  }

  private close(): void {
    for (const leave of this.leave) leave();
    this.client?.close();
    this.client = null;
    this.store.trial.clear();
  }

  private ask(features: Float32Array): void {
    this.wanted = features;
    this.store.trial.setBusy(true);
    this.frames.next(this, () => this.pump());
  }

  private forget(): void {
    this.wanted = null;
    this.sheet++;
    if (!this.flight) this.store.trial.setBusy(false);
  }

  private pump(): void {
    if (this.flight || !this.wanted || this.store.trial.status().status !== 'connected') return;
    const features = this.wanted;
    this.wanted = null;
    this.flight = this.predict(features).finally(() => {
      this.flight = null;
      if (this.wanted) this.frames.next(this, () => this.pump());
      else this.store.trial.setBusy(false);
    });
  }

  private async predict(features: Float32Array): Promise<void> {
    const { trial } = this.store;
    const model = trial.model();
    const sheet = this.sheet;
    if (!this.client || !model) return;
    try {
      const prediction = await this.client.predict(features, { model: model.name, scores: true, timing: true });
      if (sheet === this.sheet) trial.answered({ prediction, pixels: trial.drawable() ? features : null });
    } catch (error) {
      if (sheet === this.sheet) trial.fail(message(error));
    }
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
