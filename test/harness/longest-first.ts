import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Suites that take half a minute or more, mostly waiting: begun last, one of them would run on alone. */
const LONG = [
  'test/conformance/conformance',
  'test/e2e/interop',
  'test/integration/provider-full',
  'test/integration/consensus',
  'test/e2e/startup',
  'test/integration/delivery',
  'libs/persistence/src/embedded-postgres',
  'test/e2e/stdio',
  'test/e2e/tasks',
  'test/e2e/news',
  'test/integration/workflows',
  'test/integration/worker-hands-back',
  'test/integration/questions',
  'test/e2e/client-limits',
  'test/integration/calls',
  'test/integration/idempotency',
  'test/faults/provider-faults',
  'test/e2e/cli',
  'test/integration/expert-questions',
];

/** The long ones first, then whatever needs servers, then the rest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}

function rank({ moduleId, project }: TestSpecification): number {
  const place = LONG.findIndex((path) => moduleId.includes(path));
  if (place >= 0) return place;
  return LONG.length + (project.name === 'system' ? 0 : 1);
}
