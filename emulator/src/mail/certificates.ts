import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import {
  bitString,
  boolean,
  integer,
  objectId,
  octetString,
  sequence,
  set,
  tagged,
  utcTime,
  utf8String,
} from "./der.js";

const VALID_DAYS = 30;
/** Clocks of machines in a test bed differ. */
const BACKDATED_DAYS = 1;
const DAY_MS = 86_400_000;
const SERIAL_BYTES = 16;

const ECDSA_SHA256 = sequence(objectId("1.2.840.10045.4.3.2"));

export interface Certificates {
  /** The authority, PEM. */
  ca: string;
  /** The server's certificate, PEM. */
  cert: string;
  /** The server's key, PEM. It never leaves this process. */
  key: string;
}

/** An authority made for this run and a server certificate for the given names and addresses. */
export function makeCertificates(hosts: readonly string[]): Certificates {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authorityName = name(`Nylas emulator CA ${randomBytes(4).toString("hex")}`);
  const ca = certificate({
    subject: authorityName,
    issuer: authorityName,
    subjectKey: authority.publicKey,
    issuerKey: authority,
    extensions: [
      extension("2.5.29.19", sequence(boolean(true)), true),
      // keyCertSign, cRLSign
      extension("2.5.29.15", bitString(Buffer.from([0x06]), 1), true),
    ],
  });
  const cert = certificate({
    subject: name("localhost"),
    issuer: authorityName,
    subjectKey: server.publicKey,
    issuerKey: authority,
    extensions: [
      extension("2.5.29.19", sequence(), true),
      // digitalSignature
      extension("2.5.29.15", bitString(Buffer.from([0x80]), 7), true),
      // serverAuth
      extension("2.5.29.37", sequence(objectId("1.3.6.1.5.5.7.3.1"))),
      extension("2.5.29.17", sequence(...hosts.map(generalName))),
    ],
  });
  return { ca, cert, key: server.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

interface Parts {
  subject: Buffer;
  issuer: Buffer;
  subjectKey: KeyObject;
  issuerKey: { publicKey: KeyObject; privateKey: KeyObject };
  extensions: readonly Buffer[];
}

/** RFC 5280, section 4.1. */
function certificate({ subject, issuer, subjectKey, issuerKey, extensions }: Parts): string {
  const now = Date.now();
  const toSign = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(SERIAL_BYTES)),
    ECDSA_SHA256,
    issuer,
    sequence(utcTime(new Date(now - BACKDATED_DAYS * DAY_MS)), utcTime(new Date(now + VALID_DAYS * DAY_MS))),
    subject,
    publicKeyInfo(subjectKey),
    tagged(
      0xa3,
      sequence(
        ...extensions,
        // Strict verifiers (Python's, since 3.13) insist on both key identifiers.
        extension("2.5.29.14", octetString(keyIdentifier(subjectKey))),
        extension("2.5.29.35", sequence(tagged(0x80, keyIdentifier(issuerKey.publicKey)))),
      ),
    ),
  );
  const signature = sign("sha256", toSign, issuerKey.privateKey);
  return pem(sequence(toSign, ECDSA_SHA256, bitString(signature)));
}

function name(commonName: string): Buffer {
  return sequence(set(sequence(objectId("2.5.4.3"), utf8String(commonName))));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

function generalName(host: string): Buffer {
  const family = isIP(host);
  if (family === 0) return tagged(0x82, Buffer.from(host, "latin1"));
  return tagged(0x87, family === 4 ? Buffer.from(host.split(".").map(Number)) : ipv6Bytes(host));
}

function ipv6Bytes(address: string): Buffer {
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const before = head.split(":").filter(Boolean);
  const after = (tail ?? "").split(":").filter(Boolean);
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha256").update(publicKeyInfo(key)).digest().subarray(0, 20);
}

function pem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
