import { computed, effect, inject, Injectable, untracked } from '@angular/core';
import { Api, reason } from '../link/api';
import { Store } from '../store/store';
import { HISTORY, type Question } from './history.state';

/** Asks what the Quality page wants to know of the past, for as long as the part of it lives that shows it. */
@Injectable()
export class HistoryLink {
  private readonly api = inject(Api);

  constructor() {
    const { access } = inject(Store);
    const mayAsk = computed(() => access.session() > 0 && access.may('dashboard'));
    for (const question of inject(HISTORY).questions) {
      effect((cleanUp) => {
        const path = question.path();
        if (path === null || !mayAsk()) return;
        cleanUp(untracked(() => this.keepAsking(question, path)));
      });
    }
  }

  /** Asks again some time after each answer, until it is told to stop. */
  private keepAsking<T>(question: Question<T>, path: string): () => void {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        if (!document.hidden) question.take(path, await this.api.get<T>(path, ended.signal));
      } catch (error) {
        if (!ended.signal.aborted) question.fail(path, reason(error));
      }
      if (!ended.signal.aborted) timer = setTimeout(() => void ask(), question.every());
    };
    void ask();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }
}
