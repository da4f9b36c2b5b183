/** A value that changes over time and tells those who ask. */
export interface Value<T> {
  /** The value of this moment. */
  readonly value: T;
  /**
   * Calls `fn` at once with the value of this moment, and then with each new
   * one, until the function that it returns is called.
   */
  subscribe(fn: (value: T) => void): () => void;
}

/** A {@link Value} from the side of those who set it. */
export class State<T> implements Value<T> {
  #value: T;
  readonly #listeners = new Listeners<T>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    // A listener that sets another value has told it to all by itself.
    this.#listeners.tell(value, () => this.#value === value);
  }

  subscribe(fn: (value: T) => void): () => void {
    const stop = this.#listeners.add(fn);
    call(fn, this.#value);
    return stop;
  }
}

/** Functions that are called with each event. */
export class Listeners<T> {
  readonly #all = new Set<{ fn: (event: T) => void }>();

  /** Adds a function, which may be there already, and returns how to remove it. */
  add(fn: (event: T) => void): () => void {
    const entry = { fn };
    this.#all.add(entry);
    return () => void this.#all.delete(entry);
  }

  /** Calls all with an event, for as long as it is news. */
  tell(event: T, news: () => boolean = () => true): void {
    for (const { fn } of [...this.#all]) if (news()) call(fn, event);
  }
}

/** A listener that throws is its owner's fault: others and the client go on. */
function call<T>(fn: (event: T) => void, event: T): void {
  try {
    fn(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
