import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { GENERATOR, GO_MODULE, LANGUAGES } from "../sdks/languages.mjs";
import { readSetup } from "../setup/environment.mjs";
import { findOnPath } from "../setup/executables.mjs";
import { goCommand } from "../setup/go-build.mjs";
import { repositoryDirectory } from "../setup/paths.mjs";
import { run } from "../setup/run.mjs";
import { template } from "./consumers.mjs";
import { followPage } from "./follow.mjs";

/**
 * @typedef {object} Page
 * @property {Record<string, { place: "clone" | "beside", prelude: string }>} starts by heading: a shell that begins in a clone of
 * the repository, or in an empty directory beside one
 * @property {LanguageName[]} [languages] whose language hosts it needs
 * @property {[from: string, to: string][]} [replacements] what takes the place of the page's examples
 */

const SETUP_TIMEOUT_MS = 15 * 60_000;
const CLONE = "pulumi-nylas-imap";
/** Lets programs use `@pulumi/random` without a download. */
const RANDOM_PLUGIN = join(repositoryDirectory, "test/support/random-plugin");

/** `emulator DOMAIN [NAMES]` starts an emulator with mailboxes of one password; `control` uses its control interface. */
const EMULATOR = `
emulator() {
  printf '[%s]' "$(printf ',{"username":"%s@'"$1"'","password":"first password"}' \${2:-ops billing sales} | cut -c 2-)" > "$1.json"
  node "$REPOSITORY/emulator/bin/nylas-emulator.js" --mail --users "$1.json" --env > "$1.env"
  . "./$1.env"
  EMULATORS="\${EMULATORS-} $NYLAS_EMULATOR_PID"
}
control() { curl -sSf -X "$1" -H "authorization: Bearer $KEY" -H "content-type: application/json" "$NYLAS_API_URI/$2" "\${@:3}"; }
`;

/**
 * What a person at a terminal does: confirms, answers what Pulumi asks for, and names the emulator's mail servers, which have ports of
 * their own.
 */
const PERSON = `
declare -A ANSWERS
pulumi() { person "$@"; }
person() {
  local last="\${*: -1}" key="\${*: -2:1}"
  case "$1 \${2-}" in
    "config set")
      if [ -n "\${ANSWERS[$last]-}" ]; then command pulumi "$@" <<< "\${ANSWERS[$last]}"
      elif [ "$key" = imapHost ]; then command pulumi config set-all --plaintext "imapHost=$IMAP_HOST" --plaintext "imapPort=$IMAP_PORT"
      elif [ "$key" = smtpHost ]; then command pulumi config set-all --plaintext "smtpHost=$SMTP_HOST" --plaintext "smtpPort=$SMTP_PORT"
      else command pulumi "$@"; fi ;;
    "new typescript"*) cp "$PULUMI_TEMPLATE"/* . && npm install --no-audit --no-fund && command pulumi stack init dev ;;
    "new "* | "up "* | "destroy "* | "stack rm" | "import "*) command pulumi "$@" --yes ;;
    *) command pulumi "$@" ;;
  esac
}
`;

/** An emulator plays Nylas. The key is no variable, so that a page has to set it. */
const NYLAS = `${EMULATOR}${PERSON}
emulator example.com
KEY="$NYLAS_API_KEY"
unset NYLAS_API_KEY
ANSWERS=([nylas:apiKey]="$KEY" [opsPassword]="$MAILBOX_1_PASSWORD" [passwords.ops]="$MAILBOX_1_PASSWORD" [password]="$MAILBOX_1_PASSWORD")
`;

/** The application has a connector and the grant of the first mailbox. */
const TAKEN = `${NYLAS}
export NYLAS_API_KEY="$KEY" BILLING_PASSWORD="$MAILBOX_2_PASSWORD"
control POST v3/connectors -d '{ "provider": "imap" }'
GRANT="$(control POST v3/connect/custom -d '{ "provider": "imap", "settings": { "imap_username": "'"$MAILBOX_1"'",
  "imap_password": "'"$MAILBOX_1_PASSWORD"'", "imap_host": "'"$IMAP_HOST"'", "imap_port": '"$IMAP_PORT"' } }' |
  sed 's/.*"id":"\\([^"]*\\)".*/\\1/')"
`;

/** @typedef {"yaml" | "python" | "go"} LanguageName */

/**
 * What the CLI leaves to language hosts of its own release. Those that can be built here do not know `package add`.
 * @type {Record<LanguageName, string>}
 */
const HOSTS = {
  yaml: "",
  python: packageAdd(
    "python",
    `echo ./sdks/nylas >> requirements.txt
      python3 -m venv venv && venv/bin/pip install --quiet -r requirements.txt
      PATH="$PWD/venv/bin:$PATH"`,
  ),
  go: packageAdd(
    "go",
    `printf 'module ${GO_MODULE}\\n\\ngo 1.25\\n' > sdks/nylas/go.mod
      go mod edit -replace=${GO_MODULE}=./sdks/nylas && go mod tidy`,
  ),
};

/** @param {LanguageName} language @param {string} install adds the SDK to the program's dependencies, and installs them */
function packageAdd(language, install) {
  return `
pulumi() {
  case "$1 \${2-}" in
    "package add")
      command pulumi package get-schema "$3" > schema.json
      generate-sdks schema.json made
      mkdir sdks && mv made/${language} sdks/nylas
      rm -r schema.json made
      ${install} ;;
    *) person "$@" ;;
  esac
}`;
}

/** A copy of an example, as "At Nylas" in its README begins. @param {string} example */
function copyOf(example) {
  return `${NYLAS}cp -r ${CLONE}/examples/${example} mail\ncd mail\n`;
}

/** The README of an example in another language. @param {LanguageName} language @returns {Page} */
function example(language) {
  return {
    languages: [language],
    starts: {
      "At the emulator": { place: "clone", prelude: `${PERSON}${HOSTS[language]}\nrm -rf ../my-mail` },
      "At Nylas": { place: "beside", prelude: `${copyOf(language)}${HOSTS[language]}` },
    },
    replacements: [
      ["imapPort 993", 'imapPort "$IMAP_PORT"'],
      ["smtpPort 465", 'smtpPort "$SMTP_PORT"'],
    ],
  };
}

/** The ports of the emulator's mail servers, in programs that leave them to their defaults. @type {[string, string][]} */
const PORTS = [
  [
    'imapHost: config.require("imapHost"),',
    'imapHost: config.require("imapHost"), imapPort: config.requireNumber("imapPort"),',
  ],
  [
    'smtpHost: config.require("smtpHost"),',
    'smtpHost: config.require("smtpHost"), smtpPort: config.requireNumber("smtpPort"),',
  ],
];

const CLONE_START = { "": { place: /** @type {const} */ ("clone"), prelude: "" } };

/** @type {Record<string, Page>} */
const PAGES = {
  "README.md": {
    starts: {
      "": { place: "beside", prelude: `${NYLAS}mkdir mail\ncd mail\npulumi new typescript` },
      "Try it without an account": { place: "clone", prelude: "" },
    },
    replacements: [
      [
        'imapHost: "imap.example.com",',
        'imapHost: process.env.IMAP_HOST ?? "", imapPort: Number(process.env.IMAP_PORT),',
      ],
      [
        'smtpHost: "smtp.example.com",',
        'smtpHost: process.env.SMTP_HOST ?? "", smtpPort: Number(process.env.SMTP_PORT),',
      ],
    ],
  },
  "docs/getting-started.md": {
    starts: { "": { place: "beside", prelude: NYLAS } },
    replacements: [...PORTS, ['$NYLAS_API_KEY" "https://api.us.nylas.com', '$KEY" "$NYLAS_API_URI']],
  },
  "templates/nylas-imap/README.md": {
    starts: {
      "": {
        place: "beside",
        prelude: `${NYLAS}mkdir mail\ncd mail\npulumi new ../${CLONE}/templates/nylas-imap --generate-only`,
      },
    },
    replacements: [["MAILBOX_PASSWORD_OPS=…", 'MAILBOX_PASSWORD_OPS="$MAILBOX_1_PASSWORD"']],
  },
  "examples/quickstart/README.md": {
    starts: { ...CLONE_START, "At Nylas": { place: "beside", prelude: copyOf("quickstart") } },
  },
  "examples/environments/README.md": {
    starts: {
      ...CLONE_START,
      "At Nylas": {
        place: "beside",
        prelude: `${copyOf("environments")}cat > Pulumi.dev.yaml << END
config:
  nylas-environments:servers: { imapHost: "$IMAP_HOST", imapPort: $IMAP_PORT, smtpHost: "$SMTP_HOST", smtpPort: $SMTP_PORT }
  nylas-environments:mailboxes: { ops: ops@example.com }
END`,
      },
    },
  },
  "examples/yaml/README.md": example("yaml"),
  "examples/python/README.md": example("python"),
  "examples/go/README.md": example("go"),
  "docs/languages.md": {
    languages: ["yaml"],
    starts: {
      "Get the plugin": { place: "beside", prelude: NYLAS },
      Import: {
        place: "beside",
        prelude: `${TAKEN}printf 'name: mail\\nruntime: yaml\\n' > Pulumi.yaml
pulumi stack init dev`,
      },
      "Without a program: pulumi do": { place: "beside", prelude: TAKEN },
    },
    replacements: [
      ["create --stateless", "create --stateless --yes"],
      ["../pulumi-nylas-imap", CLONE],
      ["npm pack pulumi-nylas-imap@0.1.0", `cp ${CLONE}/provider/pulumi-nylas-imap-0.1.0.tgz .`],
      ["3c0dc5ac-f202-4475-a583-002d45aaaa92", "$GRANT"],
      ["--imap-host imap.example.com", '--imap-host "$IMAP_HOST" --imap-port "$IMAP_PORT"'],
    ],
  },
  "examples/adopt/README.md": { starts: CLONE_START },
  "examples/ci/README.md": { starts: CLONE_START },
  "examples/policy/README.md": {
    starts: {
      "Run it": {
        place: "clone",
        // A preview sends no request.
        prelude: `cd examples/quickstart
export NYLAS_API_KEY=none NYLAS_API_URI=http://127.0.0.1:9
pulumi stack init policies
pulumi config set-all --path --stack policies --plaintext mailboxes.ops=ops@example.com --secret passwords.ops=secret \\
  --plaintext imapHost=imap.example.com --plaintext smtpHost=smtp.example.com`,
      },
    },
    replacements:
      readSetup().engine.kind === "build" ? [["--policy-pack ../policy ", "--policy-pack ../policy/start.mjs "]] : [],
  },
  "examples/preview-environments/README.md": {
    starts: {
      "": {
        place: "clone",
        prelude: `${EMULATOR}
emulator preview.test pr-123
KEY="$NYLAS_API_KEY"
control POST v3/connectors -d '{ "provider": "imap" }'
export PREVIEW_DOMAIN=preview.test PREVIEW_MAILBOX_PASSWORD="$MAILBOX_1_PASSWORD"
export PREVIEW_IMAP_HOST="$IMAP_HOST" PREVIEW_IMAP_PORT="$IMAP_PORT" PREVIEW_SMTP_HOST="$SMTP_HOST" PREVIEW_SMTP_PORT="$SMTP_PORT"
cd examples/preview-environments`,
      },
      "At the emulator": { place: "clone", prelude: "" },
    },
    replacements: [["-- npm test", `-- sh -c 'test -n "$NYLAS_GRANT_ID"'`]],
  },
  "examples/rotation/README.md": { starts: CLONE_START },
  "examples/surviving-429/README.md": { starts: CLONE_START },
  "docs/a-days-work.md": {
    starts: {
      "": {
        place: "beside",
        prelude: `${EMULATOR}${PERSON}
for stack in dev staging prod; do emulator "$stack.example.test"; done
ENVIRONMENTS="$PWD"
PASSWORD="first password"
before_command() { . "$ENVIRONMENTS/\${PULUMI_STACK:-dev}.example.test.env"; KEY="$NYLAS_API_KEY"; }`,
      },
    },
    replacements: [["=… ", '="$PASSWORD" '], ...PORTS],
  },
};

/** The pages whose commands are followed. */
export const pageNames = Object.keys(PAGES);

/**
 * The directories of what a page's languages need, or what this machine lacks for them.
 * @param {string} name of the page
 */
export async function hostsOf(name) {
  const languages = PAGES[name]?.languages ?? [];
  const tools = languages.flatMap((language) => LANGUAGES[language]?.tools ?? []);
  const missing = tools.find((tool) => findOnPath(tool) === undefined);
  if (missing !== undefined) return { absent: `${missing} is not on PATH` };
  /** @type {string[]} */
  const directories = [];
  for (const command of [...languages.flatMap((language) => LANGUAGES[language]?.host ?? []), GENERATOR]) {
    if (languages.length === 0) break;
    const found = await goCommand(command);
    if ("absent" in found) return found;
    directories.push(found.directory);
  }
  return { directories };
}

/**
 * Makes a clone of the repository as it is here, for `followIn`. Installs its dependencies.
 * @param {string} stage an empty directory outside of the repository
 * @param {Record<string, string>} environment
 */
export async function makeStage(stage, environment) {
  const clone = join(stage, CLONE);
  const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repositoryDirectory,
    encoding: "utf8",
  });
  for (const file of files.split("\0").filter(Boolean)) cpSync(join(repositoryDirectory, file), join(clone, file));
  const typescript = join(stage, "pulumi-template");
  mkdirSync(typescript);
  for (const [name, text] of Object.entries(template)) writeFileSync(join(typescript, name), text);
  await run("npm", ["run", "setup"], { cwd: clone, env: environment, timeoutMs: SETUP_TIMEOUT_MS, next: "" });
  // The first page makes it again, as its reader does.
  await run("npm", ["pack"], { cwd: join(clone, "provider"), env: environment, timeoutMs: SETUP_TIMEOUT_MS, next: "" });
}

/**
 * @param {string} stage
 * @param {Record<string, string>} environment
 * @param {string} name of the page
 * @param {readonly string[]} hosts directories that go onto PATH
 */
export async function followIn(stage, environment, name, hosts) {
  const { starts, replacements = [] } = PAGES[name] ?? { starts: {} };
  const clone = join(stage, CLONE);
  const shells = Object.entries(starts).map(([heading, { place, prelude }], index) => {
    const beside = join(stage, `${name.replaceAll("/", "-")}-${index}`);
    const backend = join(beside, "state");
    mkdirSync(backend, { recursive: true });
    symlinkSync(clone, join(beside, CLONE), "junction");
    const env = {
      ...environment,
      PATH: [...hosts, environment.PATH, RANDOM_PLUGIN].join(delimiter),
      PULUMI_BACKEND_URL: `file://${backend}`,
      PULUMI_TEMPLATE: join(stage, "pulumi-template"),
      REPOSITORY: repositoryDirectory,
      NO_COLOR: "1",
    };
    return [heading, { directory: place === "clone" ? clone : beside, prelude, env }];
  });
  const text = readFileSync(join(repositoryDirectory, name), "utf8");
  await followPage(name, text, Object.fromEntries(shells), replacements);
}
