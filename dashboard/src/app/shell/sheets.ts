const sheets = new Map<string, Promise<void>>();

/** Fetches what a page is made of together with the style sheet that is that page's alone. */
export async function withSheet<T>(page: 'try' | 'quality', parts: Promise<T>): Promise<T> {
  const sheet = sheets.get(page) ?? addSheet(`${page}.css`);
  sheets.set(page, sheet);
  sheet.catch(() => sheets.delete(page)); // another try asks anew
  return (await Promise.all([parts, sheet]))[0];
}

function addSheet(href: string): Promise<void> {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = href;
  return new Promise((done, failed) => {
    link.onload = () => done();
    link.onerror = () => {
      link.remove();
      failed(new Error(`${href} could not be fetched`));
    };
    document.head.append(link);
  });
}
