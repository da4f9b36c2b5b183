import type { Features, Prediction, RowLabel } from '../link/client';
import type { TrialState } from './trial.state';

/** What answers: the client, or a stand-in for it. */
export interface Oracle {
  predict(features: Features, options: { model: string; scores: true; timing: true; outputs: boolean; signal: AbortSignal }): Promise<Prediction>;
  feedbackRow(requestId: Prediction['requestId'], label: RowLabel): Promise<{ correct: boolean | null }>;
}

/** One thing asked, from then until its label was counted. */
interface Question {
  readonly id: number;
  readonly model: string;
  readonly sheet: number;
  readonly features: Features;
  /** Whether the model says more than one thing. */
  readonly outputs: boolean;
  readonly pixels: Float32Array | null;
  readonly abort: AbortController;
  /** Settles with the answer; null when there is none. */
  readonly answer: Promise<Prediction | null>;
  readonly settle: (answer: Prediction | null) => void;
  labelled: boolean;
}

/**
 * Asks about what is drawn, one question at a time: the newest drawing takes the
 * place of one that waits. A label belongs to the question that it was given
 * for, which is asked then whatever comes after it; answers and labels are about
 * that question alone, by its request id. What belongs to a sheet that was
 * cleared, or to another model, is taken back.
 */
export class Questions {
  private waiting: Question[] = [];
  private flying: Question | null = null;
  private answered: Question | null = null;
  private oracle: Oracle | null = null;
  private ids = 0;

  constructor(
    private readonly trial: TrialState,
    /** Runs a job soon, at most once for many calls. */
    private readonly soon: (job: () => void) => void,
  ) {}

  /** Names who answers from now on; null for nobody. */
  connect(oracle: Oracle | null): void {
    this.oracle = oracle;
    if (oracle) this.pump();
  }

  /** Asks about the newest drawing or row. */
  ask(features: Features, pixels: Float32Array | null): void {
    const model = this.trial.model();
    if (!model) return;
    this.drop((q) => !q.labelled);
    let settle: Question['settle'] = () => undefined;
    const answer = new Promise<Prediction | null>((resolve) => { settle = resolve; });
    this.waiting.push({
      id: ++this.ids, model: model.name, sheet: this.trial.sheet(), features, outputs: (model.outputs?.length ?? 0) > 1, pixels, abort: new AbortController(), answer, settle, labelled: false,
    });
    if (this.flying && !this.current(this.flying) && !this.flying.labelled) this.flying.abort.abort();
    this.trial.setBusy(true);
    this.soon(() => this.pump());
  }

  /** Nothing is drawn any more. */
  forget(): void {
    this.drop((q) => !q.labelled);
    if (this.flying && !this.flying.labelled) this.flying.abort.abort();
    this.answered = null;
    this.rest();
  }

  /** Tells the true answer to what is drawn now, once it was read. */
  async label(label: RowLabel): Promise<void> {
    const words = Array.isArray(label) ? label.join(', ') || 'none' : String(label);
    const q = this.newest();
    if (!q || q.labelled || !this.oracle) return;
    q.labelled = true;
    this.trial.labelSent(q.id, words);
    this.pump(); // it need not wait for the next picture
    const prediction = await q.answer;
    try {
      if (!prediction) throw new Error('the question had no answer');
      if (!this.oracle) throw new Error('not connected');
      const { correct } = await this.oracle.feedbackRow(prediction.requestId, label);
      // Of a model that is not looked at any more, it counts on the server alone.
      if (q.model === this.trial.model()?.name) this.trial.labelled({ question: q.id, prediction, pixels: q.pixels }, words, correct);
    } catch (error) {
      q.labelled = false;
      this.trial.labelFailed(q.id, message(error));
    }
  }

  /** The question about what is there now. */
  private newest(): Question | null {
    const q = this.waiting.at(-1) ?? this.flying ?? this.answered;
    return q && this.current(q) ? q : null;
  }

  private current(q: Question): boolean {
    return q.sheet === this.trial.sheet() && q.model === this.trial.model()?.name;
  }

  private drop(which: (q: Question) => boolean): void {
    for (const q of this.waiting) if (which(q)) q.settle(null);
    this.waiting = this.waiting.filter((q) => !which(q));
  }

  private pump(): void {
    if (this.flying || !this.oracle) return;
    const q = this.waiting.shift();
    if (!q) return this.rest();
    this.flying = q;
    void this.fly(q, this.oracle).finally(() => {
      this.flying = null;
      if (this.waiting.length > 0) this.soon(() => this.pump());
      else this.rest();
    });
  }

  private async fly(q: Question, oracle: Oracle): Promise<void> {
    try {
      const prediction = await oracle.predict(q.features, { model: q.model, scores: true, timing: true, outputs: q.outputs, signal: q.abort.signal });
      q.settle(prediction);
      if (!this.current(q)) return;
      this.answered = q;
      this.trial.answered({ question: q.id, prediction, pixels: q.pixels });
    } catch (error) {
      q.settle(null);
      if (this.current(q) && !q.abort.signal.aborted) this.trial.fail(message(error));
    }
  }

  private rest(): void {
    if (!this.flying && this.waiting.length === 0) this.trial.setBusy(false);
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
