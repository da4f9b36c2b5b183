// Writes a small bundle: one linear layer that sends feature i to class i.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Classes in order, as many features; none make a regression. */
export function writeBundle({ name, classes, features = classes.length }) {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-bundle-'));
  const outputs = classes.length || 1;
  const weights = new Float32Array(outputs * features + outputs);
  for (let o = 0; o < outputs; o++) weights[o * features + (o % features)] = 4;
  const header = Buffer.from(JSON.stringify({
    'out.weight': { dtype: 'F32', shape: [outputs, features], data_offsets: [0, 4 * outputs * features] },
    'out.bias': { dtype: 'F32', shape: [outputs], data_offsets: [4 * outputs * features, 4 * weights.length] },
  }));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([size, header, Buffer.from(weights.buffer)]));
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({
    name, version: '1', task: classes.length > 0 ? 'classification' : 'regression', features,
    ...(classes.length > 0 && { classes }),
    engines: { dense: { file: 'model.safetensors', layers: [
      { weight: 'out.weight', bias: 'out.bias', activation: classes.length > 0 ? 'softmax' : 'identity' },
    ] } },
  }));
  return folder;
}
