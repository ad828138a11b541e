import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CI_EXAMPLE } from "../../support/pipeline.js";

const GRANT = "nylas:index:MailEnvironment$pulumi-nodejs:dynamic/nylas:ByoImapGrant";
/** GitHub's limit for a comment, in characters. */
const MAX_COMMENT = 65_536;

const urn = (name: string, type = GRANT) => `urn:pulumi:dev::nylas-ci::${type}::${name}`;

function step(op: string, name: string, oldState?: object, newState?: object): object {
  return { op, urn: urn(name), oldState, newState };
}

/** What the script prints for a plan in the form that the engine prints. */
function commentOf(plan: unknown, code = "0"): Promise<string> {
  return new Promise((resolve, reject) => {
    const script = join(CI_EXAMPLE, "plan-comment.mjs");
    const child = execFile(process.execPath, [script, "dev", code], { maxBuffer: 1 << 26 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
    child.stdin?.end(typeof plan === "string" ? plan : JSON.stringify(plan));
  });
}

/** The comment without its code blocks and code spans, which show their text as it is. */
function outsideOfCode(comment: string): string {
  return comment.replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, "<block>").replace(/`[^`\n]+`/g, "<code>");
}

it("a comment says nothing of what stays", async () => {
  const steps = [
    step("same", "ops", {}, {}),
    step("refresh", "ops", {}, {}),
    { op: "same", urn: urn("x", "pulumi:pulumi:Stack") },
  ];
  expect(await commentOf({ steps })).toBe("### Stack `dev`\n\nNo changes.\n");
});

it("a comment names what differs, never a value, and the loss of a grant first", async () => {
  const inputs = { imapHost: "old.example.com", imapPort: 993, imapPasswordDigest: "[secret]", __provider: "code" };
  const adopted = { inputs, outputs: { adopted: true } };
  const comment = await commentOf({
    steps: [
      step("create", "made", undefined, { inputs }),
      step("update", "host", { inputs }, { inputs: { ...inputs, imapHost: "new.example.com", __provider: "other" } }),
      step("update", "secret", { inputs }, { inputs }),
      step("refresh", "drift", { inputs, outputs: { grantStatus: "valid" } }, { inputs }),
      step("update", "drift", { inputs, outputs: { grantStatus: "invalid" } }, { inputs }),
      step("refresh", "gone", { inputs }, { inputs }),
      step("create", "gone", undefined, { inputs }),
      step("delete", "left", adopted),
      step("delete", "adopted-and-deleted", { ...adopted, inputs: { ...inputs, deleteAdopted: true } }),
      step("delete", "lost", { inputs, outputs: { adopted: false } }),
      { ...step("replace", "forced", { inputs }, { inputs }), replaceReasons: ["imapUsername"] },
    ],
  });
  expect(comment).toBe(`### Stack \`dev\`: 1 to replace, 3 to delete, 2 to create, 3 to update

- **replace \`nylas:ByoImapGrant\` \`forced\` (\`imapUsername\`): the mailbox gets another grant id, and its history is gone**
- delete \`nylas:ByoImapGrant\` \`left\`: this stack gives the grant up, and Nylas keeps it
- **delete \`nylas:ByoImapGrant\` \`adopted-and-deleted\`: the grant is lost, and its history is gone**
- **delete \`nylas:ByoImapGrant\` \`lost\`: the grant is lost, and its history is gone**
- create \`nylas:ByoImapGrant\` \`made\`
- create \`nylas:ByoImapGrant\` \`gone\` (it was deleted outside Pulumi)
- update \`nylas:ByoImapGrant\` \`host\` (\`imapHost\`)
- update \`nylas:ByoImapGrant\` \`secret\` (\`imapPasswordDigest\`, a secret)
- update \`nylas:ByoImapGrant\` \`drift\` (outside Pulumi: \`grantStatus\`)
`);
});

it("a comment says what failed, and what the provider noticed", async () => {
  const comment = await commentOf(
    {
      steps: [step("create", "ops", undefined, {})],
      diagnostics: [
        { severity: "info#err", message: "AccessError: see the error of the resource: \n" },
        { severity: "info#err", message: "nylas: grant 1 was deleted outside of Pulumi\n\n" },
        {
          severity: "error",
          urn: urn("ops"),
          message: `error: Preview failed: resource "${urn("ops")}" is protected\n`,
        },
        {
          severity: "error",
          urn: urn("ops"),
          message: "error: it is \u001b[1mwrong\u001b[0m\n    at f (index.ts:1:1)\n",
        },
        { severity: "error", message: "error: preview failed\n" },
      ],
    },
    "1",
  );
  expect(comment).toBe(`### Stack \`dev\`: the preview failed

\`\`\`text
resource "ops" is protected

ops: it is wrong
\`\`\`

Warnings:

\`\`\`text
nylas: grant 1 was deleted outside of Pulumi
\`\`\`
`);
});

it.each(["", "panic: the engine died", '{"steps":['])("a comment says so where there is no plan: %j", async (text) => {
  for (const code of ["255", "0"]) {
    expect(await commentOf(text, code)).toBe(
      "### Stack `dev`: the preview failed\n\nPulumi named no error. The log of the job says more.\n",
    );
  }
});

it("a name or a message is nothing but text", async () => {
  const hostile =
    "x`**b**` <img src=x> </details> @everyone [a](http://x) | \n\n# head\n/close\n- li\u202e\u0007```\n~~~ &lt; \\` ``";
  const changed = await commentOf({
    steps: [
      { op: "<b>*x*</b>", urn: urn(hostile, hostile) },
      step("update", hostile, { inputs: {} }, { inputs: { [hostile]: 1 } }),
    ],
  });
  expect(outsideOfCode(changed)).toBe(
    "### Stack <code>: 1 to update, 1 to  b x b \n\n- update <code> <code> (<code>)\n-  b x b  <code> <code>\n",
  );
  const fences = ["```", "`````", "~~~"].join("\n");
  const failed = await commentOf(
    {
      diagnostics: [
        { severity: "error", urn: urn(hostile), message: `${hostile}\n${fences}\n<script>\r\n# head\u202e\n` },
      ],
    },
    "1",
  );
  expect(outsideOfCode(failed)).toBe("### Stack <code>: the preview failed\n\n<block>\n");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the bell is what the text contains.
  for (const comment of [changed, failed]) expect(comment).not.toMatch(/[\u0007\u202e]/);
});

it("a comment stays within GitHub's limit, and says how much it leaves out", async () => {
  const many = Array.from({ length: 5000 }, (_, index) => index);
  const changes = await commentOf({
    steps: many.map((index) => step("create", `${index}-${"😀".repeat(500)}`, undefined, {})),
  });
  expect(changes.length).toBeLessThan(MAX_COMMENT);
  expect(changes).toContain("5000 to create");
  expect(changes).toMatch(/… and \d+ more\n$/);
  const diagnostics = many.flatMap((index) =>
    ["error", "warning"].map((severity) => ({ severity, message: `${index} ${"`".repeat(5000)}` })),
  );
  const failed = await commentOf({ diagnostics }, "1");
  expect(failed.length).toBeLessThan(MAX_COMMENT);
  expect(failed).toMatch(/… and \d+ more\n/);
});
