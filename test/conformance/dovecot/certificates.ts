// The certificate library resolves its parts by decorators, which need this before anything of it is loaded.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** Too short for OpenSSL's default security level. */
const WEAK = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 1024,
};
const DAY_MS = 86_400_000;

/** PEM texts. */
export interface ServerCertificate {
  cert: string;
  key: string;
}

/** What the addresses of a server show: one that is right, and each with one thing wrong. */
export interface ServerCertificates {
  /** The authority that signed all but `untrusted` and `selfSigned`, PEM. */
  ca: string;
  good: ServerCertificate;
  untrusted: ServerCertificate;
  selfSigned: ServerCertificate;
  expired: ServerCertificate;
  otherName: ServerCertificate;
  weakKey: ServerCertificate;
}

interface Authority {
  name: string;
  keys: webcrypto.CryptoKeyPair;
  pem: string;
}

export async function makeServerCertificates(hosts: readonly string[]): Promise<ServerCertificates> {
  x509.cryptoProvider.set(webcrypto);
  const [authority, stranger] = await Promise.all([makeAuthority("Mail suite CA"), makeAuthority("Unknown CA")]);
  return {
    ca: authority.pem,
    good: await makeLeaf(authority, hosts),
    untrusted: await makeLeaf(stranger, hosts),
    selfSigned: await makeLeaf(undefined, hosts),
    expired: await makeLeaf(authority, hosts, [-2, -1]),
    otherName: await makeLeaf(authority, ["mail.example.test"]),
    weakKey: await makeLeaf(
      authority,
      hosts,
      undefined,
      await webcrypto.subtle.generateKey(WEAK, true, ["sign", "verify"]),
    ),
  };
}

async function makeAuthority(commonName: string): Promise<Authority> {
  const keys = await makeKeys();
  const name = `CN=${commonName} ${webcrypto.randomUUID()}`;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity([-3, 1]),
    name,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return { name, keys, pem: pem(certificate) };
}

/** Signed by itself without an authority. The days count from today. */
async function makeLeaf(
  authority: Authority | undefined,
  hosts: readonly string[],
  days: readonly [number, number] = [-1, 1],
  given?: webcrypto.CryptoKeyPair,
): Promise<ServerCertificate> {
  const keys = given ?? (await makeKeys());
  const subject = "CN=localhost";
  const leaf = await x509.X509CertificateGenerator.create({
    ...validity(days),
    subject,
    issuer: authority?.name ?? subject,
    publicKey: keys.publicKey,
    signingKey: (authority?.keys ?? keys).privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: isIP(host) === 0 ? ("dns" as const) : ("ip" as const), value: host })),
      ),
    ],
  });
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { cert: pem(leaf), key: `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n` };
}

function validity([from, to]: readonly [number, number]) {
  return {
    notBefore: new Date(Date.now() + from * DAY_MS),
    notAfter: new Date(Date.now() + to * DAY_MS),
    signingAlgorithm: ALGORITHM,
  };
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}
