import { KNOWN_WARNINGS } from './suite/known-warnings.js';
import { type Check, type ScenarioResult, tally } from './suite/results.js';
import { type Suite } from './suite/suites.js';
import { type Transport } from './suite/transports.js';

/** What one suite found over one transport. */
export interface Measured {
  readonly transport: Transport;
  readonly suite: Suite;
  readonly results: readonly ScenarioResult[];
}

/** What fits a line of a report; the wire checks tell each message in full. */
const MAX_REASON = 400;

/** One line for each check that failed or warned, known warnings left out; none = the server conforms. */
export function faultsOf({ transport, suite, results }: Measured): readonly string[] {
  const isKnown = ({ id, status }: Check) =>
    status === 'WARNING' && KNOWN_WARNINGS.some((known) => known.suite === suite.id && known.check === id);
  return results.flatMap(({ scenario, checks }) =>
    checks
      .filter((check) => (check.status === 'FAILURE' || check.status === 'WARNING') && !isKnown(check))
      .map(({ id, status, errorMessage, description }) => {
        const place = `${transport} ${suite.id} ${scenario} ${id}`;
        const [reason = ''] = (errorMessage ?? description).split('\n');
        return `${status === 'FAILURE' ? '✗' : '!'} ${place}: ${reason.slice(0, MAX_REASON)}`;
      }),
  );
}

export function rowOf({ suite, results }: Measured): readonly string[] {
  const { passed, failed, warned, skipped, scenarios } = tally(results);
  return [suite.title, `${passed} of ${passed + failed}`, ...[scenarios, warned, skipped].map(String)];
}
