import type { ModelInfo, OutputInfo } from './wire.js';

/** The outputs of a model; a server that does not tell has models of one. */
export function outputsOf(model: ModelInfo | undefined): readonly OutputInfo[] {
  if (!model) return [];
  if (model.outputs?.length) return model.outputs;
  const { classes } = model;
  if (classes.length > 0) return [{ name: 'prediction', kind: 'class', width: classes.length, classes }];
  return [{ name: 'prediction', kind: 'values', width: 1 }];
}
