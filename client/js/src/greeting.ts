import { askScores, chooseModel } from './binary.js';
import { needsScores } from './decode.js';
import { PenstockError } from './error.js';
import type { Hello, ModelInfo } from './wire.js';

/** The model that will answer, by what the server said of its models; a binary message is made to name it. */
export function serving(hello: Hello | null, name: string | undefined, message: string | ArrayBuffer): ModelInfo | undefined {
  const models = hello?.models ?? [];
  const index = name === undefined ? 0 : models.findIndex((m) => m.name === name);
  if (message instanceof ArrayBuffer) {
    if (!models[index]) throw new PenstockError('unknown_model', `the server has no model ${name}; it has ${models.map((m) => m.name).join()}`);
    chooseModel(message, index);
    if (needsScores(models[index])) askScores(message);
  }
  return models[index];
}

/** The server would close the connection over a message that is too big. */
export function checkFits(hello: Hello | null, bytes: number): void {
  const limit = hello?.limits.max_bytes ?? Infinity;
  if (bytes > limit) {
    throw new PenstockError('message_too_big', 'the server takes no message of this size; send fewer rows, or binary ones', { expected: limit, got: bytes });
  }
}
