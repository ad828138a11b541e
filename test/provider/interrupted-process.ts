/**
 * A provider process like the one that the engine's host runs. It creates two mailboxes through the frozen entry and receives
 * SIGINT when both have finished, or with `--at-first` when one has.
 */
import { ByoImapGrant } from "../../provider/dist/hosts/dynamic/provider.js";

type Provider = { create(inputs: object): Promise<unknown> };

const provider = {} as Provider;
const configured: Readonly<Record<string, string>> = {};
ByoImapGrant(provider, { config: { get: (key: string) => configured[key] } } as Parameters<typeof ByoImapGrant>[1]);
const mailboxes: object[] = JSON.parse(process.env.MAILBOXES ?? "[]");
const creations = mailboxes.map((inputs) => provider.create(inputs));
await (process.argv.includes("--at-first") ? Promise.race(creations) : Promise.all(creations));
// In the host, a server keeps the process alive.
setInterval(() => {}, 1_000);
process.kill(process.pid, "SIGINT");
