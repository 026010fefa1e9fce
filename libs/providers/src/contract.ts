import { ExaiError } from '#libs/errors';
import { invalid } from './catalogue/catalogue.js';

type Members = Readonly<Record<string, unknown>>;

/** One member every provider has, and what it has to be; the answer says what is wrong. */
interface ContractMember {
  readonly member: string;
  readonly fault: (provider: Members) => string | undefined;
}

const NO_SUCH_MODEL = 'no-such-model';
const FEATURES = ['streaming', 'thinking', 'images', 'tools', 'webSearch', 'files'] as const;

const method = (member: string): ContractMember => ({
  member,
  fault: (provider) => (isFunction(provider[member]) ? undefined : 'is not a function'),
});

/** The members of a provider. Requests are tried by the contract suite; this much is proven at every start. */
const PROVIDER_MEMBERS: readonly ContractMember[] = [
  {
    member: 'id',
    fault: ({ id }) =>
      typeof id === 'string' && /^[a-z][a-z0-9-]*$/.test(id) ? undefined : 'is not a lower-case name',
  },
  {
    member: 'type',
    fault: ({ type }) =>
      typeof type === 'string' && type !== '' ? undefined : 'is not the name of a dialect',
  },
  { member: 'listModels', fault: faultOfList },
  { member: 'getCapabilities', fault: faultOfCapabilities },
  { member: 'resolveModel', fault: faultOfNames },
  {
    member: 'validateModel',
    fault: (provider) =>
      call(provider, 'validateModel', NO_SUCH_MODEL) === false ? undefined : 'accepts a model nobody knows',
  },
  { member: 'supports', fault: faultOfFeatures },
  method('generate'),
  method('chat'),
  method('stream'),
  {
    member: 'countTokens',
    fault: (provider) => {
      const counts = [call(provider, 'countTokens', '', ''), call(provider, 'countTokens', 'two words', '')];
      const sound = counts.every((count) => Number.isInteger(count) && (count as number) >= 0);
      return sound ? undefined : 'does not answer with a whole number';
    },
  },
  method('buildPayload'),
  method('health'),
  {
    member: 'classifyError',
    fault: (provider) =>
      call(provider, 'classifyError', new Error('probe')) instanceof ExaiError
        ? undefined
        : 'does not answer with an error of the catalogue',
  },
  { member: 'files', fault: ({ files }) => faultOfFiles(files) },
  { member: 'searchApi', fault: ({ searchApi }) => faultOfSearch(searchApi) },
];

const CLIENT_MEMBERS: readonly ContractMember[] = [
  ...['prepare', 'complete', 'preview', 'listRemoteModels', 'classifyError'].map(method),
  { member: 'files', fault: ({ files }) => faultOfFiles(files) },
  { member: 'searchApi', fault: ({ searchApi }) => faultOfSearch(searchApi) },
];

/**
 * Refuses a provider that lacks a member or has it in another shape. Sends nothing.
 * @throws ExaiError CONFIG_INVALID, naming provider and member
 */
export function assertContract(provider: unknown): void {
  const members = membersOf(provider);
  const name = typeof members['id'] === 'string' ? members['id'] : '?';
  check(members, PROVIDER_MEMBERS, `provider "${name}"`);
}

/** The same for the client inside a provider. */
export function assertClient(providerId: string, dialect: string, client: unknown): void {
  check(membersOf(client), CLIENT_MEMBERS, `provider "${providerId}", client of dialect "${dialect}"`);
}

function check(members: Members, contract: readonly ContractMember[], place: string): void {
  for (const { member, fault } of contract) {
    let problem: string | undefined;
    try {
      problem = fault(members);
    } catch (error) {
      problem = `fails with ${error instanceof Error ? error.message.slice(0, 200) : 'something that is no error'}`;
    }
    if (problem !== undefined) throw invalid(`${place}, member ${member}: ${problem}`);
  }
}

function faultOfList(provider: Members): string | undefined {
  const every = call(provider, 'listModels', { respectRestrictions: false, includeRetired: true });
  const usable = call(provider, 'listModels');
  if (!isNameList(every) || !isNameList(usable)) return 'does not answer with a list of ids';
  const strange = usable.find((id) => !every.includes(id));
  return strange === undefined ? undefined : `lists ${strange}, which is not among all models`;
}

function faultOfCapabilities(provider: Members): string | undefined {
  const reason = refusalOf(() => call(provider, 'getCapabilities', NO_SUCH_MODEL));
  if (reason !== 'MODEL_NOT_FOUND') return 'does not refuse an unknown model with MODEL_NOT_FOUND';
  for (const id of idsOf(provider)) {
    const card = membersOf(call(provider, 'getCapabilities', id));
    if (card['id'] !== id || !isPositive(card['contextWindow']) || !isPositive(card['maxOutputTokens'])) {
      return `has no full record of ${id}`;
    }
  }
  return undefined;
}

function faultOfNames(provider: Members): string | undefined {
  if (call(provider, 'resolveModel', NO_SUCH_MODEL) !== undefined) return 'finds a model nobody knows';
  const lost = idsOf(provider).find((id) => call(provider, 'resolveModel', id.toUpperCase()) !== id);
  return lost === undefined ? undefined : `does not find ${lost} in upper case`;
}

function faultOfFeatures(provider: Members): string | undefined {
  for (const id of idsOf(provider)) {
    const card = membersOf(call(provider, 'getCapabilities', id));
    const thinks = membersOf(card['reasoning'])['kind'] !== 'none';
    for (const feature of FEATURES) {
      const expected = feature === 'thinking' ? thinks : card[feature];
      if (call(provider, 'supports', feature, id) !== expected)
        return `contradicts the record of ${id} on ${feature}`;
    }
    if (card['files'] === true && provider['files'] === undefined)
      return `promises files for ${id} and has none`;
  }
  return undefined;
}

function faultOfFiles(files: unknown): string | undefined {
  if (files === undefined) return undefined;
  const members = membersOf(files);
  const lacking = ['upload', 'get', 'content', 'download', 'list', 'delete'].find(
    (name) => !isFunction(members[name]),
  );
  if (lacking !== undefined) return `has no member ${lacking}`;
  if (!isPositive(members['maxBytes'])) return 'has no member maxBytes';
  return typeof members['persistent'] === 'boolean' ? undefined : 'has no member persistent';
}

function faultOfSearch(searchApi: unknown): string | undefined {
  if (searchApi === undefined) return undefined;
  const { search, priceUsd } = membersOf(searchApi);
  if (!isFunction(search)) return 'has no member search';
  return typeof priceUsd === 'number' && priceUsd >= 0 ? undefined : 'has no member priceUsd';
}

function idsOf(provider: Members): readonly string[] {
  const ids = call(provider, 'listModels', { respectRestrictions: false, includeRetired: true });
  return isNameList(ids) ? ids : [];
}

function refusalOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof ExaiError ? error.code : undefined;
  }
}

function call(provider: Members, member: string, ...args: unknown[]): unknown {
  const action = provider[member];
  if (!isFunction(action)) throw new Error('it is not a function');
  return action.apply(provider, args);
}

function membersOf(value: unknown): Members {
  return (value ?? {}) as Members;
}

function isNameList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((id) => typeof id === 'string' && id !== '');
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && value > 0;
}

function isFunction(value: unknown): value is (...args: unknown[]) => unknown {
  return typeof value === 'function';
}
