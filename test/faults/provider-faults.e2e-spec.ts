import { beforeAll, describe, expect, it } from 'vitest';
import { backends } from '../harness/redis.js';
import { faultCases } from './fault-matrix.js';
import { runFaultMatrix, type MatrixReport } from './matrix-run.js';

/** G-11: what a caller gets, and what the vendor sees, for everything that a vendor may do. */
describe('provider faults', () => {
  let report: MatrixReport;

  beforeAll(async () => {
    const [backend] = backends();
    if (!backend) throw new Error('no queue to run on');
    report = await runFaultMatrix(backend);
  }, 240_000);

  it.each(faultCases())(
    '$behaviour, $dialect, streamed $streamed: $expected',
    ({ id, expected, requests }) => {
      const { seen, requestsSeen } = report.outcomes.find((outcome) => outcome.id === id)!;
      expect({ seen, requestsSeen }).toEqual({ seen: expected, requestsSeen: requests });
    },
  );

  it('never comes to INTERNAL', () => {
    expect(report.internalErrors).toBe(0);
  });

  it('leaves no connection to the vendor after five seconds', () => {
    expect(report.socketsLeft).toBe(0);
  });

  it('sends nothing to a server whose certificate is refused', () => {
    expect(report.strayRequests).toBe(0);
  });

  it('takes answers without bound in bounded memory', () => {
    expect(report.growthMiB).toBeLessThanOrEqual(64);
  });
});
