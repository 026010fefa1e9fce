// The vendors' APIs and the keys for them.
import { type CatalogueRow, type ErrorDetails } from './entry.js';
import {
  attemptsOf,
  inside,
  inTime,
  limitOf,
  listed,
  modelOf,
  named,
  providerOf,
  sentence,
  statusOf,
} from './wording.js';

const provider = { category: 'provider', retry: 'queue', severity: 'warning', jsonrpc: 'tool' } as const;
const configuration = { category: 'configuration', retry: 'elsewhere', jsonrpc: 'tool' } as const;

const orAnother = ({ suggestions }: ErrorDetails): string =>
  listed('Other models:', suggestions) || ' Model auto would take another one.';

const operatorMust = (action: string): string =>
  `The operator must ${action}; until then the same call will not help, use another model or auto.`;

export const providerRows = {
  PROVIDER_RATE_LIMITED: {
    ...provider,
    escalation: 'by rate',
    http: 503,
    message: (details) =>
      sentence(
        `${providerOf(details)} reached its rate limit${statusOf(details)}${attemptsOf(details)}`,
        details,
      ),
    hint: (details) => `Call again ${inTime(details)}.${orAnother(details)}`,
  },
  PROVIDER_UNAVAILABLE: {
    ...provider,
    escalation: 'critical when all models of a provider fail for 5 minutes',
    http: 503,
    message: (details) =>
      sentence(
        `${providerOf(details)} could not be reached or is overloaded${statusOf(details)}${attemptsOf(details)}`,
        details,
      ),
    hint: (details) => `Call again ${inTime(details)}.${orAnother(details)}`,
  },
  PROVIDER_TIMEOUT: {
    ...provider,
    escalation: 'by rate',
    http: 504,
    message: (details) => {
      const limit = named(details, 'stage', 'time');
      return sentence(
        `${providerOf(details)} did not answer within the ${limit} limit${attemptsOf(details)}`,
        details,
      );
    },
    hint: (details) => `Ask a smaller question or a faster model, or call again.${orAnother(details)}`,
  },
  PROVIDER_BAD_RESPONSE: {
    ...provider,
    attemptsCap: 2,
    http: 502,
    message: (details) =>
      sentence(`${providerOf(details)} sent an answer that is broken or empty${statusOf(details)}`, details),
    hint: (details) => `Nothing of it was kept; call again.${orAnother(details)}`,
  },
  CIRCUIT_OPEN: {
    ...provider,
    http: 503,
    message: (details) => `${modelOf(details)} failed repeatedly and is not asked for a while.`,
    hint: (details) => `It is tried again ${inTime(details)}.${orAnother(details)}`,
  },
  PROVIDER_TLS: {
    ...provider,
    retry: 'elsewhere',
    severity: 'critical',
    http: 502,
    message: (details) => sentence(`The certificate of ${inside(providerOf(details))} was refused`, details),
    hint: () => operatorMust('check the base URL, the clock and proxies that replace certificates'),
  },
  OUTPUT_TOO_LARGE: {
    ...provider,
    retry: 'never',
    severity: 'info',
    http: 502,
    message: (details) =>
      `The answer of ${inside(providerOf(details))} is larger than the limit${limitOf(details)}.`,
    hint: () => 'Ask for less in one call.',
  },
  NO_MODEL_AVAILABLE: {
    ...configuration,
    retry: 'caller',
    severity: 'warning',
    http: 503,
    message: (details) => sentence('Model auto found no model for this call', details),
    hint: (details) =>
      `Drop the requirement that removed the models, or call again ${inTime(details)}; listmodels shows what is ready.`,
  },
  PROVIDER_NOT_CONFIGURED: {
    ...configuration,
    retry: 'never',
    severity: 'warning',
    http: 503,
    message: (details) => `${providerOf(details)} has no API key here.`,
    hint: (details) =>
      `The operator must set ${named(details, 'variable', 'its key variable')}; use another model or auto until then.`,
  },
  PROVIDER_AUTH: {
    ...configuration,
    severity: 'critical',
    http: 502,
    message: (details) => `${providerOf(details)} refuses the gateway's key or account${statusOf(details)}.`,
    hint: (details) => operatorMust(`check ${named(details, 'variable', 'the API key')} and the account`),
  },
  PROVIDER_QUOTA: {
    ...configuration,
    severity: 'critical',
    http: 502,
    message: (details) =>
      sentence(`The balance or plan at ${inside(providerOf(details))} is used up`, details),
    hint: (details) =>
      typeof details.retryAfterMs === 'number'
        ? `The plan is filled again ${inTime(details)}. ${operatorMust('top it up to go on before')}`
        : operatorMust('top up the account'),
  },
} satisfies Record<string, CatalogueRow>;
