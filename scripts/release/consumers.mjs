/**
 * Users' programs that the packed packages are tried in: by `npm run release:check` with every package manager, and by
 * `test/package/tarball.test.ts` in every run of the tests.
 */

/** @typedef {Record<string, string>} Files contents by name */

const values = [
  "const config = new pulumi.Config();",
  "const connector = new ImapConnector('imap');",
  "const grant = new ByoImapGrant('ops', {",
  "  connector,",
  "  imapUsername: config.require('username'),",
  "  imapPassword: config.requireSecret('password'),",
  "  imapHost: config.require('imapHost'),",
  "  imapPort: config.getNumber('imapPort'),",
  "  receiveOnly: true,",
  "});",
];

const program = [
  "import * as pulumi from '@pulumi/pulumi';",
  "import { ByoImapGrant, ImapConnector } from 'pulumi-nylas-imap';",
  ...values,
  "export const grantId = grant.grantId;",
  "export const applicationId = connector.applicationId;",
  "",
].join("\n");

/** @param {unknown} value */
function json(value) {
  return JSON.stringify(value, null, 2);
}

/** @type {Files} What `pulumi new typescript` writes. */
export const template = {
  "Pulumi.yaml":
    "name: consumer\ndescription: A minimal TypeScript Pulumi program\nruntime:\n  name: nodejs\n  options:\n    packagemanager: npm\n",
  "package.json": json({
    name: "consumer",
    main: "index.ts",
    devDependencies: { "@types/node": "^18", typescript: "^5.0.0" },
    dependencies: { "@pulumi/pulumi": "^3.216.0" },
  }),
  "tsconfig.json": json({
    compilerOptions: {
      strict: true,
      outDir: "bin",
      target: "es2020",
      module: "commonjs",
      moduleResolution: "node",
      sourceMap: true,
      experimentalDecorators: true,
      pretty: true,
      noFallthroughCasesInSwitch: true,
      noImplicitReturns: true,
      forceConsistentCasingInFileNames: true,
    },
    files: ["index.ts"],
  }),
  "index.ts": program,
};

/** @type {Files} A program in ECMAScript modules, without a compiler. */
export const esm = {
  "Pulumi.yaml": "name: consumer\nruntime: nodejs\n",
  "package.json": json({
    name: "consumer",
    type: "module",
    main: "index.js",
    dependencies: { "@pulumi/pulumi": "^3.216.0" },
  }),
  "index.js": program,
};

/** @type {Files} A program on the native provider, with what Pulumi's generator would make of its schema. */
export const native = {
  "Pulumi.yaml": "name: native\nruntime: nodejs\n",
  "package.json": json({ name: "native", main: "index.js" }),
  "index.js": `
const pulumi = require("@pulumi/pulumi");

class ImapConnector extends pulumi.CustomResource {
  constructor(name) {
    super("nylas:index:ImapConnector", name, { applicationId: undefined });
  }
}
class ByoImapGrant extends pulumi.CustomResource {
  constructor(name, args) {
    super("nylas:index:ByoImapGrant", name, { grantId: undefined, ...args });
  }
}
${values.join("\n").replace("  connector,", "  connector: connector.id,")}
exports.grantId = grant.grantId;
`,
};

/** Uses everything that the package exports, for the compiler only. */
export const everyExport = `
import * as pulumi from "@pulumi/pulumi";
import * as nylas from "pulumi-nylas-imap";

const connector = new nylas.ImapConnector("imap", { name: "mail", onExisting: "adopt", deleteAdopted: true, forceDelete: false });
const read: pulumi.Output<string> = nylas.ByoImapGrant.get("read", "id").grantStatus;
const mail = new nylas.MailEnvironment("mail", {
  connector,
  defaults: { imapHost: "imap.example.com", smtpHost: "smtp.example.com" },
  mailboxes: { ops: { imapUsername: "ops@example.com", imapPassword: pulumi.secret("x"), imapPort: read.apply(Number) } },
});
const defaults: nylas.MailboxDefaults = { application: undefined, receiveOnly: true };
const mailboxes: Record<string, nylas.EnvironmentMailbox<typeof defaults>> = {
  ops: { imapUsername: "ops@example.com", imapPassword: "x", imapHost: "imap.example.com" },
};
new nylas.MailEnvironment("apart", { defaults, mailboxes });
const unknown: unknown = connector;
export const isConnector: boolean = nylas.ImapConnector.isInstance(unknown) && unknown.adopted !== undefined;
export const ids: pulumi.Output<Record<"ops", string>> = mail.grantIds;
export const any: nylas.MailEnvironment = mail;
export const hosted: pulumi.Output<string> = mail.connector.applicationId;
export const url: pulumi.Output<string> = nylas.hostedAuthUrlOutput({
  clientId: connector.applicationId,
  redirectUri: "http://localhost:3000/",
  accessType: "offline",
  codeChallenge: pulumi.output("challenge"),
  codeChallengeMethod: "S256",
});
export const plain: string = nylas.hostedAuthUrl({ clientId: "id", redirectUri: "http://localhost:3000/", requireSmtp: false });
export async function look(): Promise<string[]> {
  const { applicationId } = await nylas.getApplication();
  const grants = await nylas.listGrants({ status: "invalid" });
  const one = await nylas.getGrant({ email: "ops@example.com" });
  const { detected } = await nylas.detectProvider({ email: "ops@example.com" });
  return [applicationId, one.grantId, String(detected), ...grants.map(({ grantId }) => grantId)];
}
export function remedy(error: unknown): string | undefined {
  return error instanceof nylas.NylasError ? \`\${error.code} \${error.status ?? ""}: \${error.remedy}\` : undefined;
}
`;

/** Uses the types of the emulator. */
export const emulatorExport = `
import { type Emulator, type EmulatorOptions, startEmulator } from "nylas-emulator";

const options: EmulatorOptions = { mail: true, seed: 7, behavior: { duplicateConnector: "409" } };
export async function imapPort(): Promise<number | undefined> {
  const emulator: Emulator = await startEmulator(options);
  await emulator.close();
  return emulator.imap?.port;
}
`;

/**
 * The module settings of TypeScript that a program can have, by the program's own module system.
 * @type {Record<"CommonJS" | "ESM", Record<string, Record<string, string>>>}
 */
export const moduleSettings = {
  CommonJS: {
    "module: commonjs": { module: "commonjs", moduleResolution: "node" },
    "module: node16": { module: "node16" },
    "module: nodenext": { module: "nodenext" },
  },
  ESM: {
    "module: node16": { module: "node16" },
    "module: nodenext": { module: "nodenext" },
    "moduleResolution: bundler": { module: "esnext", moduleResolution: "bundler" },
  },
};

/**
 * The tsconfig.json of a careful user, who has the types of libraries checked as well.
 * @param {Record<string, string>} settings
 * @param {readonly string[]} files
 */
export function strictConfiguration(settings, files) {
  const compilerOptions = {
    ...settings,
    target: "es2022",
    noEmit: true,
    strict: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
  };
  return json({ compilerOptions, files });
}
