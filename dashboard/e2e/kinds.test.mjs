import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stand } from './kinds.mjs';
import { mustBeAccessible, mustFit, open, serve } from './rig.mjs';

const widths = [1280, 360];

/** A page on which models of every kind are stood in for. */
async function begin(server, width) {
  const page = await open('about:blank', { viewport: { width, height: 900 }, bypassCSP: true });
  const said = await stand(page);
  const go = (address) => page.goto(`${server.url}#/${address}`);
  const check = async (where) => {
    await mustFit(page, `${where}, ${width} px`);
    await mustBeAccessible(page, `${where}, ${width} px`);
  };
  return { page, said, go, check };
}

for (const width of widths) {
  test(`labels: a form by the names of columns, chips, and a label that is a list, at ${width} px`, async () => {
    const { page, said, go, check } = await begin(await serve(), width);
    await go('models');
    await page.getByText('scikit-learn 1.9.1 pickle').waitFor();
    await page.getByText(/^pid 4711, ready, 50\S* MiB; 1 restart$/).waitFor();
    await page.getByText('waiting; 3 restarts', { exact: true }).waitFor();
    await check('processes');
    await go('try?model=scene');
    await page.getByText('\u22120.25 to 12.35').waitFor();
    await page.getByRole('button', { name: 'Usual values' }).click();
    await page.waitForFunction(() => {
      const [light, lens, missing] = ['#column-0', '#column-1', '.column:last-of-type .missing input'].map((at) => document.querySelector(at));
      return light.value === '0.5' && lens.value === 'long' && missing.checked;
    });
    await check('usual values');
    await page.getByLabel('missing: width of the sensor').uncheck();
    await page.getByLabel('width of the sensor', { exact: true }).fill('');
    await page.getByLabel('light', { exact: true }).fill('');
    await page.getByRole('button', { name: 'Ask the model' }).click();
    await page.getByText('is empty; fill it in, or mark it as missing.').waitFor();
    await page.getByLabel('light', { exact: true }).fill('0,5');
    await page.getByLabel('lens', { exact: true }).selectOption('wide');
    await page.getByLabel('missing: width of the sensor').check();
    await page.getByRole('button', { name: 'Ask the model' }).click();
    await page.locator('.guess output', { hasText: 'cat, indoors' }).waitFor();
    assert.deepEqual(said.at(-1).features, { light: 0.5, lens: 'wide', 'width of the sensor': null });
    assert.deepEqual(said.at(-1).detail, ['scores', 'timing', 'outputs']);
    assert.deepEqual(await page.locator('.chips tr.best').evaluateAll((rows) => rows.map((r) => r.dataset.class)), ['cat', 'indoors']);
    assert.match(await page.locator('.others').innerText(), /mood\s+calm\s+80\.0 % sure/);
    await check('labels, asked');

    await page.getByLabel('cat', { exact: true }).uncheck();
    await page.getByLabel('night', { exact: true }).check();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Counted: wrong.').waitFor();
    assert.deepEqual(said.at(-1).label, ['indoors', 'night']);

    // The same model on the next page, by the navigation.
    await page.getByRole('link', { name: 'Quality' }).click();
    await page.locator('.facts', { hasText: 'Exact-match ratio' }).waitFor();
    await page.getByRole('region', { name: 'Scores by label' }).getByText('night').waitFor();
    assert.ok(page.url().endsWith('#/quality?model=scene'), page.url());
    await check('labels, quality');
    await page.goBack();
    await page.getByLabel('lens', { exact: true }).waitFor();
    await page.leave();
  });

  test(`several numbers: a field for each true one, at ${width} px`, async () => {
    const { page, said, go, check } = await begin(await serve(), width);
    await go('try?model=sizes');
    await page.getByLabel(/pasted row/).fill('1 null 3');
    await page.getByRole('button', { name: 'Ask the model' }).click();
    await page.locator('.guess output', { hasText: '10.5, -2, 7' }).waitFor();
    assert.deepEqual(said.at(-1).features, [1, null, 3]);
    for (const n of [1, 2, 3]) await page.getByLabel(`True value ${n}`).fill(String(n));
    await check('values, asked');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('Counted.').waitFor();
    assert.deepEqual(said.at(-1).label, [1, 2, 3]);
    await go('quality?model=sizes');
    await page.getByRole('region', { name: 'Errors by value' }).getByText('0.25').waitFor();
    await check('values, quality');
    await page.leave();
  });

  test(`a vector: its norm and first numbers, and nobody asks for a label, at ${width} px`, async () => {
    const { page, go, check } = await begin(await serve(), width);
    await go('try?model=embed');
    await page.getByLabel(/pasted row/).fill('3 4');
    await page.getByRole('button', { name: 'Ask the model' }).click();
    await page.locator('.guess output', { hasText: 'norm 5' }).waitFor();
    await page.getByText('3, 4, 0, 0').waitFor();
    await page.getByText('No label tells whether a vector is right').waitFor();
    await check('vector, asked');
    await go('quality?model=embed');
    await page.getByRole('heading', { name: 'Not measured' }).waitFor();
    await check('vector, quality');
    await go('models?model=embed');
    await page.locator('.model.chosen', { hasText: 'embedding' }).waitFor();
    await page.locator('.model', { hasText: 'which may be missing; 4 labels' }).waitFor();
    await check('models of every kind');
    await page.leave();
  });
}
