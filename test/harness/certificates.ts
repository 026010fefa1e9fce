import { generate } from 'selfsigned';

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** The authority that signed all of them but `selfSigned`. */
  readonly ca: Certificate;
  /** For `localhost`, 127.0.0.1 and ::1. */
  readonly good: Certificate;
  readonly expired: Certificate;
  /** For a host that nobody here is. */
  readonly wrongHost: Certificate;
  /** For the right host, but nobody vouches for it. */
  readonly selfSigned: Certificate;
}

const DAY_MS = 86_400_000;
const DNS_NAME = 2;
const IP_ADDRESS = 7;

interface Wanted {
  readonly name: string;
  readonly hosts?: readonly string[];
  readonly ca?: Certificate;
  /** Days from now; default from yesterday to a month hence. */
  readonly from?: number;
  readonly to?: number;
  readonly isAuthority?: boolean;
}

const HERE = ['localhost', '127.0.0.1', '::1'];

/** Makes an authority and what it signed, in memory and valid for this run only. */
export async function makeCertificates(): Promise<Certificates> {
  const ca = await make({ name: 'Test authority', isAuthority: true });
  const [good, expired, wrongHost, selfSigned] = await Promise.all([
    make({ name: 'localhost', hosts: HERE, ca }),
    make({ name: 'localhost', hosts: HERE, ca, from: -30, to: -1 }),
    make({ name: 'elsewhere.example', hosts: ['elsewhere.example'], ca }),
    make({ name: 'localhost', hosts: HERE }),
  ]);
  return { ca, good, expired, wrongHost, selfSigned };
}

async function make({
  name,
  hosts = [],
  ca,
  from = -1,
  to = 30,
  isAuthority = false,
}: Wanted): Promise<Certificate> {
  const now = Date.now();
  const altNames = hosts.map((host) =>
    /^[\d.]+$|:/.test(host)
      ? ({ type: IP_ADDRESS, ip: host } as const)
      : ({ type: DNS_NAME, value: host } as const),
  );
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now + from * DAY_MS),
    notAfterDate: new Date(now + to * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: isAuthority, critical: true },
      isAuthority
        ? { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }
        : { name: 'keyUsage', digitalSignature: true, critical: true },
      ...(altNames.length > 0 ? [{ name: 'subjectAltName' as const, altNames }] : []),
    ],
    ...(ca && { ca }),
  });
  return { cert: made.cert, key: made.private };
}
