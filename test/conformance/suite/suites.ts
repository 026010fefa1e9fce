/** One invocation of one of the official suites. */
export interface Suite {
  readonly id: string;
  /** As the table shows it. */
  readonly title: string;
  /** Folder below node_modules. */
  readonly package: 'conformance-2025' | 'conformance-2026';
  readonly args: readonly string[];
  /** Run over WebSocket and stdio too; the others hold nothing beyond these but what tests HTTP. */
  readonly overBridges: boolean;
}

export const SUITES: readonly Suite[] = [
  {
    id: '0.1-all',
    title: '0.1.16, all',
    package: 'conformance-2025',
    args: ['--suite', 'all'],
    overBridges: false,
  },
  {
    id: '2025-06-18',
    title: '0.2.0-alpha.12, 2025-06-18',
    package: 'conformance-2026',
    args: ['--suite', 'all', '--spec-version', '2025-06-18'],
    overBridges: true,
  },
  {
    id: '2025-11-25',
    title: '0.2.0-alpha.12, required by 2025-11-25',
    package: 'conformance-2026',
    args: ['--requirements', '2025-11-25'],
    overBridges: true,
  },
  {
    id: '2026-07-28',
    title: '0.2.0-alpha.12, required by 2026-07-28, with tasks',
    package: 'conformance-2026',
    args: ['--requirements', '2026-07-28'],
    overBridges: true,
  },
  {
    id: '0.2-all',
    title: '0.2.0-alpha.12, all',
    package: 'conformance-2026',
    args: ['--suite', 'all'],
    overBridges: false,
  },
];
