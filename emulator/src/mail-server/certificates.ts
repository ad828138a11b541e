// @peculiar/x509 uses decorators that need this polyfill before the library is loaded.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

const VALID_DAYS = 30;
/** Tolerates clock differences between machines. */
const BACKDATED_DAYS = 1;
const DAY_MS = 86_400_000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export interface Certificates {
  /** CA certificate, PEM. */
  ca: string;
  /** Server certificate, PEM. */
  cert: string;
  /** Private key of the server, PEM. It never leaves this process. */
  key: string;
}

/** Creates a CA for this run and a server certificate for the given names and addresses. */
export async function makeCertificates(hosts: readonly string[]): Promise<Certificates> {
  x509.cryptoProvider.set(webcrypto);
  const [authority, server] = await Promise.all([makeKeys(), makeKeys()]);
  const validity = {
    notBefore: new Date(Date.now() - BACKDATED_DAYS * DAY_MS),
    notAfter: new Date(Date.now() + VALID_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
  };
  // Unique, so that a client does not confuse it with the CA of an earlier run.
  const authorityName = `CN=Nylas emulator CA ${webcrypto.randomUUID()}`;
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: authorityName,
    keys: authority,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ...(await keyIdentifiers(authority.publicKey, authority.publicKey)),
    ],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    ...validity,
    subject: "CN=localhost",
    issuer: authorityName,
    publicKey: server.publicKey,
    signingKey: authority.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: isIP(host) === 0 ? ("dns" as const) : ("ip" as const), value: host })),
      ),
      ...(await keyIdentifiers(server.publicKey, authority.publicKey)),
    ],
  });
  const key = await webcrypto.subtle.exportKey("pkcs8", server.privateKey);
  return { ca: pem(ca), cert: pem(leaf), key: `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n` };
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

/** Strict verifiers, such as Python since 3.13, require both. */
async function keyIdentifiers(own: webcrypto.CryptoKey, issuer: webcrypto.CryptoKey): Promise<x509.Extension[]> {
  return Promise.all([
    x509.SubjectKeyIdentifierExtension.create(own),
    x509.AuthorityKeyIdentifierExtension.create(issuer),
  ]);
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}
