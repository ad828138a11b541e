/**
 * A provider process as the engine's host runs one: it makes two mailboxes through the frozen entry and is then sent SIGINT, when
 * both are answered or, with `--at-first`, when one of them is.
 */
import { ByoImapGrant } from "../../provider/dist/pulumi/provider.js";

type Provider = { create(inputs: object): Promise<unknown> };

const provider = {} as Provider;
const configured: Readonly<Record<string, string>> = {};
ByoImapGrant(provider, { config: { get: (key: string) => configured[key] } } as Parameters<typeof ByoImapGrant>[1]);
const mailboxes: object[] = JSON.parse(process.env.MAILBOXES ?? "[]");
const creations = mailboxes.map((inputs) => provider.create(inputs));
await (process.argv.includes("--at-first") ? Promise.race(creations) : Promise.all(creations));
// The host's server keeps its process alive.
setInterval(() => {}, 1_000);
process.kill(process.pid, "SIGINT");
