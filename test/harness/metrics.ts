/** Reads one sample of a Prometheus exposition: the first whose labels include all given ones. */
export async function readMetric(
  baseUrl: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const text = await (await fetch(`${baseUrl}/metrics`)).text();
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  for (const line of text.split('\n')) {
    const [, metric, held = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (metric === name && wanted.every((label) => held.includes(label))) return Number(value);
  }
  return undefined;
}
