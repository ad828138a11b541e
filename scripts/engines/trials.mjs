import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../tools/harness/errors.mjs";
import { run } from "../setup/run.mjs";

/** @import { Place } from "./place.mjs" */

const COMMAND_TIMEOUT_MS = 120_000;
const AUTHENTICATION = "POST /v3/connect/custom";

/**
 * @typedef {object} Trial
 * @property {string} name
 * @property {"dynamic" | "native"} [host] the only one that has it
 * @property {(place: Place, see: (text: string) => void) => Promise<void>} run
 */

/** With the native host, a forced replacement is refused otherwise. */
const FORCED = { opts: "{ deleteBeforeReplace: true }" };

/** Lines of a program: hooks that note what they are given, one that asks for two more tries, and a transform. */
const HOOKS = `
const shown = (value) => JSON.stringify(value, (_, part) => (pulumi.Output.isInstance(part) ? "an output" : part));
const noting = (kind) =>
  new pulumi.ResourceHook(kind, (args) => require("node:fs").appendFileSync("hooks", kind + " " + shown(args) + "\\n"));
let tries = 0;
const hooks = { onError: [new pulumi.ErrorHook("again", () => tries++ < 2)] };
for (const kind of ["beforeCreate", "afterCreate", "beforeUpdate", "afterUpdate", "beforeDelete", "afterDelete"]) hooks[kind] = [noting(kind)];
pulumi.runtime.registerResourceTransform(({ props, opts }) => ({ props, opts: pulumi.mergeOptions(opts, { protect: false }) }));
`;

/** @param {Place} place */
async function onlyGrant({ emulator }) {
  const grants = await emulator.api.allGrants();
  assert.equal(grants.length, 1);
  return grants[0]?.id;
}

/** The lines of an output that say what went wrong. @param {string} output */
function complaints(output) {
  return output
    .split("\n")
    .filter((line) => /error|warning|violat|locked|refus|code:|fail/i.test(line))
    .map((line) => line.trim().slice(0, 300))
    .slice(0, 8)
    .join(" | ");
}

/** @type {Trial[]} */
export const trials = [
  {
    name: "create, rotate, drift, rename, destroy",
    async run(place, see) {
      const { emulator } = place;
      const stack = await place.stackOf();
      place.write(stack, { grants: { ops: {}, sales: { user: 1 } } });
      await stack.up();
      const ids = (await emulator.api.allGrants()).map(({ id }) => id).sort();
      await emulator.api.forgetRequests();
      await stack.up("--expect-no-changes");
      assert.deepEqual(await emulator.api.requests(), []);

      await place.rotate(0);
      place.write(stack, { grants: { ops: {}, sales: { user: 1 } } });
      const { output } = await stack.run("preview", "--diff");
      for (const secret of place.secrets) assert.ok(!output.includes(secret));
      await stack.up();
      assert.deepEqual(await emulator.api.writes(), [AUTHENTICATION]);
      await emulator.api.forgetRequests();

      for (const id of ids) await emulator.api.call("PATCH", `/_emulator/grants/${id}`, { grant_status: "invalid" });
      await stack.refresh();
      await stack.up();
      assert.deepEqual(await emulator.api.writes(), [AUTHENTICATION, AUTHENTICATION]);
      await emulator.api.forgetRequests();

      place.write(stack, { grants: { operations: { opts: '{ aliases: [{ name: "ops" }] }' }, sales: { user: 1 } } });
      await stack.up();
      assert.deepEqual(await emulator.api.writes(), []);
      assert.deepEqual((await emulator.api.allGrants()).map(({ id }) => id).sort(), ids);
      await stack.up("--refresh", "--expect-no-changes");
      await stack.destroy();
      assert.deepEqual([await emulator.api.allGrants(), await emulator.api.connectors()], [[], []]);
      see("rotation and drift: one authentication each, same ids; rename: no write");
    },
  },
  {
    name: "update plans",
    async run(place, see) {
      const { emulator } = place;
      const stack = await place.stackOf();
      const plan = join(stack.directory, "plan.json");
      place.write(stack, { grants: { ops: {} } });
      await stack.run("preview", "--save-plan", plan);
      const first = await stack.run("up", "--plan", plan);
      see(`up --plan: ${first.code} ${complaints(first.output)}`);
      assert.equal(first.code, 0);
      await place.rotate(0);
      place.write(stack, { grants: { ops: {} } });
      await stack.run("preview", "--save-plan", plan);
      const text = readFileSync(plan, "utf8");
      await place.rotate(0);
      place.write(stack, { grants: { ops: {} } });
      await emulator.api.forgetRequests();
      const second = await stack.run("up", "--plan", plan);
      see(`rotated after the plan: ${second.code} ${complaints(second.output)}`);
      see(`sent: ${(await emulator.api.writes()).join(", ")}`);
      for (const secret of place.secrets) assert.ok(!(second.output + text).includes(secret));
      await stack.up();
      await stack.destroy();
    },
  },
  {
    name: "state commands",
    async run(place, see) {
      const { emulator } = place;
      const stack = await place.stackOf();
      place.write(stack, { grants: { ops: FORCED } });
      await stack.up();
      const id = await onlyGrant(place);
      const urn = place.urn(stack, "ops");

      await stack.run("state", "protect", urn, "--yes");
      const refused = await stack.run("destroy");
      see(`destroy of a protected grant: ${refused.code} ${complaints(refused.output)}`);
      assert.equal(await onlyGrant(place), id);
      await stack.run("state", "unprotect", urn, "--yes");
      await stack.up();
      assert.equal(await onlyGrant(place), id);

      await emulator.api.forgetRequests();
      const renamed = await stack.run("state", "rename", urn, "operations", "--yes");
      see(`state rename: ${renamed.code} ${complaints(renamed.output)}`);
      place.write(stack, { grants: { operations: FORCED } });
      await stack.up();
      see(`up after state rename sent: ${(await emulator.api.writes()).join(", ") || "nothing"}`);
      assert.equal(await onlyGrant(place), id);
      await stack.up("--expect-no-changes");

      await emulator.api.forgetRequests();
      const tainted = await stack.run("state", "taint", place.urn(stack, "operations"), "--yes");
      see(`state taint: ${tainted.code} ${complaints(tainted.output)}`);
      await stack.run("up");
      see(`up after taint sent: ${(await emulator.api.writes()).join(", ") || "nothing"}`);
      const second = await onlyGrant(place);

      const other = await place.stackOf();
      await emulator.api.forgetRequests();
      const moved = await stack.run(
        ...["state", "move", "--source", `organization/engines/${stack.name}`],
        ...["--dest", `organization/engines/${other.name}`, "--yes", place.urn(stack, "operations")],
      );
      see(`state move: ${moved.code} ${complaints(moved.output)}`);
      place.write(other, { grants: { operations: FORCED }, hasConnector: false });
      const up = await other.run("up");
      see(`up where it went: ${up.code} ${complaints(up.output)} ${(await emulator.api.writes()).join(", ")}`);
      assert.equal(await onlyGrant(place), second);
      const back = await stack.run("up");
      see(`up where it was: ${back.code} ${complaints(back.output)}`);
      assert.equal(await onlyGrant(place), second);

      await other.run("state", "delete", place.urn(other, "operations"), "--yes");
      const again = await other.run("up");
      see(`up after state delete: ${again.code} ${complaints(again.output)}`);
      assert.equal(await onlyGrant(place), second);
    },
  },
  {
    name: "--target, --exclude, --continue-on-error",
    async run(place, see) {
      const stack = await place.stackOf();
      place.write(stack, { grants: { ops: {}, sales: { user: 1 } } });
      const target = await stack.run("up", "--target", place.urn(stack, "ops"));
      see(`--target: ${target.code} ${complaints(target.output)}`);
      const exclude = await stack.run("up", "--exclude", place.urn(stack, "imap", "ImapConnector"));
      see(`--exclude: ${exclude.code} ${complaints(exclude.output)}`);
      assert.deepEqual(await place.emulator.api.allGrants(), []);
      place.write(stack, { grants: { ops: { password: "wrong" }, sales: { user: 1 }, third: { user: 2 } } });
      const going = await stack.run("up", "--continue-on-error");
      see(`--continue-on-error: ${going.code} ${complaints(going.output)}`);
      assert.equal((await place.emulator.api.allGrants()).length, 2);
      place.write(stack, { grants: { ops: {}, sales: { user: 1 }, third: { user: 2 } } });
      await stack.up();
      const gone = await stack.run("destroy", "--continue-on-error");
      assert.equal(gone.code, 0);
    },
  },
  {
    name: "--run-program, and PULUMI_EXPERIMENTAL",
    async run(place, see) {
      const stack = await place.stackOf(undefined, { changes: { PULUMI_EXPERIMENTAL: "true" } });
      place.write(stack, { grants: { ops: {} } });
      await stack.up();
      for (const args of [
        ["preview", "--refresh"],
        ["preview", "--refresh", "--run-program", "--expect-no-changes"],
        ["refresh", "--run-program", "--expect-no-changes"],
        ["up", "--refresh", "--expect-no-changes"],
        ["destroy", "--run-program"],
      ]) {
        const { code, output } = await stack.run(...args);
        see(`${args.join(" ")}: ${code} ${code === 0 ? "" : complaints(output)}`);
      }
      see(`left: ${(await place.emulator.api.allGrants()).length} grants`);
    },
  },
  {
    name: "a run that is killed",
    async run(place, see) {
      const stack = await place.stackOf();
      place.write(stack, { grants: { ops: {} } });
      await place.hold(5000);
      const { child, finished } = stack.start("up");
      await place.authenticating();
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await finished;
      await place.release();
      const locked = await stack.run("up");
      see(`up after the kill: ${locked.code} ${complaints(locked.output)}`);
      await stack.run("cancel", "--yes");
      const up = await stack.run("up");
      see(`up after cancel: ${up.code} ${complaints(up.output)}`);
      await onlyGrant(place);
      await stack.up("--refresh", "--expect-no-changes");
      await stack.destroy();
      assert.deepEqual(await place.emulator.api.allGrants(), []);
    },
  },
  {
    name: "pulumi import of one id, and pulumi do",
    host: "native",
    async run(place, see) {
      const stack = await place.stackOf();
      place.write(stack, { grants: { ops: {} } });
      await stack.up();
      const id = await onlyGrant(place);
      const other = await place.stackOf();
      await place.emulator.api.forgetRequests();
      const args = ["import", "nylas:index:ByoImapGrant", "ops", id ?? "", "--generate-code=false", "--protect=false"];
      const imported = await other.run(...args, "--yes", "--skip-preview");
      see(`import: ${imported.code} ${complaints(imported.output)} ${(await place.emulator.api.writes()).join(", ")}`);
      const env = { ...stack.env, NYLAS_API_KEY: place.emulator.apiKey };
      const options = { cwd: stack.directory, env, timeoutMs: COMMAND_TIMEOUT_MS, next: "" };
      const listed = await run("pulumi", ["do", "nylas:ByoImapGrant", "list"], options).catch(messageOf);
      see(`do nylas:ByoImapGrant list: ${listed.slice(0, 300).replace(/\s+/g, " ")}`);
    },
  },
  {
    name: "two runs at once",
    async run(place, see) {
      const stack = await place.stackOf();
      place.write(stack, { grants: { ops: {} } });
      await place.hold(30_000);
      const first = stack.start("up");
      await place.authenticating();
      for (const args of [["stack", "rename", `${stack.name}-new`], ["refresh"], ["up"], ["preview"]]) {
        const { code, output } = await stack.run(...args);
        assert.equal(first.child.exitCode, null);
        see(`${args.join(" ")} meanwhile: ${code} ${complaints(output)}`);
      }
      const { code } = await first.finished;
      assert.equal(code, 0);
      await onlyGrant(place);
    },
  },
  {
    name: "a run beside one that was cancelled from another machine",
    async run(place, see) {
      const stack = await place.stackOf();
      const other = await place.stackOf(stack.name, { machine: "other", isNew: false });
      for (const each of [stack, other]) place.write(each, { grants: { ops: {} } });
      await place.hold(15_000);
      const first = stack.start("up");
      await place.authenticating();
      await other.run("cancel", "--yes");
      const [second, { code, output }] = await Promise.all([other.run("up"), first.finished]);
      see(`the first: ${code} ${complaints(output)}`);
      see(`the second: ${second.code} ${complaints(second.output)}`);
      await place.release();
      for (const [name, each] of Object.entries({ first: stack, second: other })) {
        const again = await each.run("up", "--refresh");
        see(`again on the ${name}: ${again.code} ${complaints(again.output)}`);
      }
      await onlyGrant(place);
    },
  },
  {
    name: "a killed run that another machine goes on with",
    async run(place, see) {
      const stack = await place.stackOf();
      const other = await place.stackOf(stack.name, { machine: "other", isNew: false });
      for (const each of [stack, other]) place.write(each, { grants: { ops: {} } });
      await place.hold(5000);
      const { child, finished } = stack.start("up");
      await place.authenticating();
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await finished;
      await place.authenticated();
      await place.release();
      await other.run("cancel", "--yes");
      const up = await other.run("up");
      see(`up on the other machine: ${up.code} ${complaints(up.output)}`);
      const back = await stack.run("up");
      see(`up on the first machine: ${back.code} ${complaints(back.output)}`);
      await onlyGrant(place);
      await stack.up("--refresh");
      await other.up("--refresh", "--expect-no-changes");
      await stack.destroy();
      assert.deepEqual(await place.emulator.api.allGrants(), []);
    },
  },
  {
    name: "stack rename",
    async run(place, see) {
      const stack = await place.stackOf();
      place.write(stack, { grants: { ops: {} } });
      await stack.up();
      const id = await onlyGrant(place);
      await place.emulator.api.forgetRequests();
      await stack.rename(`${stack.name}-new`);
      await stack.up();
      see(`sent: ${(await place.emulator.api.writes()).join(", ")}`);
      assert.equal(await onlyGrant(place), id);
      await stack.up("--expect-no-changes");
      await stack.destroy();
    },
  },
  {
    name: "a state from files",
    async run(place, see) {
      const files = await place.stackOf(undefined, { changes: { PULUMI_BACKEND_URL: place.filesBackend() } });
      place.write(files, { grants: { ops: {} } });
      await files.up();
      const exported = join(files.directory, "state.json");
      await files.run("stack", "export", "--file", exported);
      await place.emulator.api.forgetRequests();
      const stack = await place.stackOf(`${files.name}`, { changes: {}, isNew: !place.isFiles });
      place.write(stack, { grants: { ops: {} } });
      const imported = await stack.run("stack", "import", "--file", exported);
      const up = await stack.run("up", "--expect-no-changes");
      see(`import: ${imported.code} ${complaints(imported.output)}; up: ${up.code} ${complaints(up.output)}`);
      see(`sent: ${(await place.emulator.api.requests()).length} requests`);
      await stack.destroy();
    },
  },
  {
    name: "a backend that vanishes during a run",
    async run(place, see) {
      const stack = await place.stackOf(undefined, { changes: { PULUMI_BACKEND_URL: place.filesBackend() } });
      place.write(stack, { grants: { ops: {}, sales: { user: 1 } } });
      await place.hold(20_000);
      const { finished } = stack.start("up");
      await place.authenticating();
      const files = join(place.directory, "files", ".pulumi");
      renameSync(files, `${files}-away`);
      writeFileSync(files, "");
      const started = Date.now();
      const { code, output } = await finished;
      see(`up: ${code} after ${Date.now() - started} ms ${complaints(output)}`);
      rmSync(files);
      renameSync(`${files}-away`, files);
      await place.release();
      see(`notes: ${readdirSync(join(place.directory, "home/nylas-imap"), { recursive: true }).join(" ")}`);
      see(`grants: ${(await place.emulator.api.allGrants()).length}`);
      await stack.run("cancel", "--yes");
      const again = await stack.run("up");
      see(`again: ${again.code} ${complaints(again.output)}`);
    },
  },
  {
    name: "hooks and transforms, if the language host has them",
    async run(place, see) {
      const { emulator } = place;
      const stack = await place.stackOf();
      const program = (/** @type {string | undefined} */ password) => ({
        grants: { ops: { opts: "{ hooks }", ...(password === undefined ? {} : { password }) } },
        before: HOOKS,
      });
      place.write(stack, program("wrong"));
      const refused = await stack.run("up");
      const tries = (await emulator.api.writes()).filter((write) => write === AUTHENTICATION).length;
      see(`a wrong password and a hook that asks for two more tries: ${refused.code}, ${tries} authentications`);
      see(complaints(refused.output));
      place.write(stack, program(undefined));
      const made = await stack.run("up");
      see(`up with hooks: ${made.code} ${complaints(made.output)}`);
      await place.rotate(0);
      place.write(stack, program(undefined));
      const rotated = await stack.run("up");
      see(`a rotation with hooks: ${rotated.code} ${complaints(rotated.output)}`);
      const plain = await stack.run("destroy");
      see(`destroy without the program: ${plain.code} ${complaints(plain.output)}`);
      const gone = await stack.run("destroy", "--run-program");
      see(`destroy --run-program: ${gone.code} ${complaints(gone.output)}`);
      const file = join(stack.directory, "hooks");
      const log = existsSync(file) ? readFileSync(file, "utf8") : "";
      see(`hooks ran: ${[...new Set(log.match(/^\w+/gm))].join(", ") || "none"}`);
      for (const secret of place.secrets) assert.ok(!log.includes(secret));
    },
  },
];
