/** Middle value; of an even number the lower one of the two, so that it was really measured. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Smallest value that `share` percent of all values do not exceed; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil((share / 100) * sorted.length) - 1)] ?? NaN;
}

/** Three significant digits where there are decimals, whole numbers otherwise. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/\B(?=(\d{3})+$)/g, digits === 0 ? ',' : '');
}

export function ratio(ours: number, baseline: number): string {
  return `${figure(ours / baseline)} x`;
}
