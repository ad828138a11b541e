import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { TestEmulator } from "../../../tools/harness/test-emulator.js";
import { makeWorkDirectory } from "../../../tools/harness/work-directory.js";
import { runIn } from "../../support/npm.js";
import { createStack } from "../../support/stack.js";

const ROOT = join(import.meta.dirname, "../../..");
const TEMPLATE = join(ROOT, "templates/nylas-imap");
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

it("templates/nylas-imap makes a project of another name, which connects, rotates, protects and destroys", async ({
  onTestFinished,
}) => {
  const directory = makeWorkDirectory("template");
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const named = ["--name", "my-mail", "--description", "Mailboxes of a test"];
  await runIn(
    directory,
    "pulumi",
    "new",
    TEMPLATE,
    "--generate-only",
    "--yes",
    "--force",
    "--dir",
    directory,
    ...named,
  );
  for (const file of ["Pulumi.yaml", "package.json", "README.md"]) {
    expect(readFileSync(join(directory, file), "utf8")).toContain("my-mail");
  }
  await runIn(directory, process.execPath, TSC, "--noEmit", "-p", directory);

  const emulator = await TestEmulator.start();
  onTestFinished(() => emulator.close());
  const [ops, billing] = [emulator.user(0), emulator.user(1)];
  const env = { ...emulator.env, MAILBOX_PASSWORD_OPS: ops.password, MAILBOX_PASSWORD_BILLING_EU: billing.password };
  const stack = await createStack({ directory, project: "my-mail", env });
  onTestFinished(() => stack.remove());
  const { imap, smtp } = emulator;
  const servers = { imapHost: imap.host, imapPort: imap.port, smtpHost: smtp.host, smtpPort: smtp.port };
  await stack.config(servers);
  await stack.up();
  expect(await emulator.grants()).toEqual([]);

  await stack.config({ "mailboxes.ops": ops.username, "mailboxes.billing-eu": billing.username });
  await stack.up();
  const grantIds = Object.fromEntries(
    (await emulator.grants()).map(({ email, id }) => [email === ops.username ? "ops" : "billing-eu", id]),
  );
  expect(stack.outputs()).toEqual({ grantIds });

  await emulator.setPassword(ops.username, "rotated, and long enough");
  stack.env.MAILBOX_PASSWORD_OPS = "rotated, and long enough";
  await stack.config({ protect: "true" });
  await stack.up();
  expect(stack.outputs()).toEqual({ grantIds });
  for (const password of [ops.password, billing.password, stack.env.MAILBOX_PASSWORD_OPS]) {
    expect((stack.printed() + stack.checkpoint()).includes(password)).toBe(false);
  }

  expect((await stack.run("destroy")).output).toContain("protected");
  await stack.config({ protect: "false" });
  await stack.up();
  await stack.destroy();
  expect(await emulator.grants()).toEqual([]);
});
