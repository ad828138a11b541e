import { PolicyPack, type ResourceValidationArgs, type ResourceValidationPolicy } from "@pulumi/policy";

// Of the TypeScript package, and of the native provider for other languages.
const CONNECTORS = ["pulumi-nodejs:dynamic/nylas:ImapConnector", "nylas:index:ImapConnector"];
const GRANTS = ["pulumi-nodejs:dynamic/nylas:ByoImapGrant", "nylas:index:ByoImapGrant"];

/** Yahoo's mailboxes for everyone: yahoo.com, yahoo.co.uk, yahoo.de and so on. Yahoo Japan is another company. */
const YAHOO_DOMAIN = /@(yahoo\.(?!co\.jp$)[a-z]{2,3}(\.[a-z]{2})?|ymail\.com|rocketmail\.com)$/i;
const YAHOO_SERVER = /(^|\.)mail\.yahoo\.com\.?$/i;

/** The configuration of the policies that hold in production only. */
interface Production {
  prodStacks: string[];
}

const prodStacks = {
  type: "array",
  items: { type: "string", minLength: 1 },
  default: ["prod", "prod-*"],
  description: "Names of the production stacks; * stands for any characters.",
} as const;

// Values that are secrets in the program arrive here in clear. No message may contain a property's value.

const smtp: ResourceValidationPolicy = {
  name: "nylas-mailbox-sends",
  description: "A mailbox has SMTP settings, or says that it only receives.",
  enforcementLevel: "mandatory",
  configSchema: { properties: { allowReceiveOnly: { type: "boolean", default: true } } },
  validateResource: (args, reportViolation) => {
    if (!GRANTS.includes(args.type)) return;
    const { allowReceiveOnly } = args.getConfig<{ allowReceiveOnly: boolean }>();
    if (args.props.receiveOnly === true) {
      if (!allowReceiveOnly) reportViolation("Every mailbox must send here. Set smtpHost, and remove receiveOnly.");
    } else if (!("smtpHost" in args.props)) {
      reportViolation("Without smtpHost, sending fails at Nylas. Set smtpHost, or receiveOnly: true.");
    }
  },
};

const ports: ResourceValidationPolicy = {
  name: "nylas-tls-ports",
  description: "Mail servers are reached at the standard ports of TLS and STARTTLS.",
  enforcementLevel: "mandatory",
  configSchema: {
    properties: {
      imapPorts: { type: "array", items: { type: "integer" }, default: [993, 143] },
      smtpPorts: { type: "array", items: { type: "integer" }, default: [465, 587] },
    },
  },
  validateResource: (args, reportViolation) => {
    if (!GRANTS.includes(args.type)) return;
    const { imapPorts, smtpPorts } = args.getConfig<{ imapPorts: number[]; smtpPorts: number[] }>();
    // A policy sees the default ports as well: the provider has filled them in. Nylas refuses plain text at every port.
    for (const [name, allowed] of Object.entries({ imapPort: imapPorts, smtpPort: smtpPorts })) {
      if (name in args.props && !allowed.includes(args.props[name])) {
        reportViolation(`${name} must be one of ${allowed.join(", ")}. Use that port of the mail server.`);
      }
    }
  },
};

const yahoo: ResourceValidationPolicy = {
  name: "nylas-no-yahoo-over-imap",
  description: "Yahoo's own mailboxes are connected with Nylas's connector for Yahoo.",
  // Such a grant works with an app password. Nylas recommends its connector.
  enforcementLevel: "advisory",
  validateResource: (args, reportViolation) => {
    if (!GRANTS.includes(args.type)) return;
    const { imapUsername, imapHost } = args.props;
    if (YAHOO_DOMAIN.test(String(imapUsername)) || YAHOO_SERVER.test(String(imapHost))) {
      reportViolation("This is a Yahoo mailbox. Connect it with Nylas's connector yahoo (OAuth) instead of IMAP.");
    }
  },
};

const protection: ResourceValidationPolicy = {
  name: "nylas-protect-in-prod",
  description: "In production, connectors and mailboxes are protected: a grant's id is lost with the grant.",
  enforcementLevel: "mandatory",
  configSchema: { properties: { prodStacks } },
  validateResource: (args, reportViolation) => {
    if (![...CONNECTORS, ...GRANTS].includes(args.type) || !isProduction(args)) return;
    if (!args.opts.protect) {
      reportViolation("Set the resource option protect: true, on the resource or on its MailEnvironment.");
    }
  },
};

const passwords: ResourceValidationPolicy = {
  name: "nylas-password-by-reference-in-prod",
  description: "In production, a mailbox password passes neither the program nor the engine: the provider reads it.",
  enforcementLevel: "mandatory",
  configSchema: { properties: { prodStacks } },
  validateResource: (args, reportViolation) => {
    if (!GRANTS.includes(args.type) || !isProduction(args)) return;
    for (const name of ["imapPassword", "smtpPassword"]) {
      // A policy sees the digest of each password, not the password. `in` does not read the value, which may not be known yet.
      const isGiven = `${name}Digest` in args.props && !(`${name}From` in args.props);
      if (isGiven) reportViolation(`Replace ${name} by ${name}From, with env or file.`);
    }
  },
};

/** Takes the stack's name from the URN: urn:pulumi:<stack>::<project>::<types>::<name> */
function isProduction(args: ResourceValidationArgs): boolean {
  const [, , stack = ""] = args.urn.split(":");
  return args.getConfig<Production>().prodStacks.some((pattern) => matches(pattern, stack));
}

function matches(pattern: string, name: string): boolean {
  const literals = pattern.split("*").map((text) => text.replace(/[^\w-]/g, "\\$&"));
  return new RegExp(`^${literals.join(".*")}$`).test(name);
}

new PolicyPack("nylas-mailboxes", { policies: [smtp, ports, yahoo, protection, passwords] });
