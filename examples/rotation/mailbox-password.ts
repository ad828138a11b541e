import * as pulumi from "@pulumi/pulumi";

export interface MailboxPasswordArgs {
  /** Where your mail server's administration listens; here the emulator's control interface. */
  adminUri: pulumi.Input<string>;
  adminKey: pulumi.Input<string>;
  username: pulumi.Input<string>;
  password: pulumi.Input<string>;
}

interface Resolved {
  adminUri: string;
  adminKey: string;
  username: string;
  password: string;
}

async function setPassword({ adminUri, adminKey, username, password }: Resolved): Promise<void> {
  const address = `${adminUri}/mailboxes/${encodeURIComponent(username)}`;
  const response = await fetch(address, {
    method: "PUT",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    body: JSON.stringify({ password }),
  }).catch(({ cause }) => {
    throw new Error(`The mail server's administration at ${adminUri} cannot be reached: ${cause?.code ?? cause}`);
  });
  if (!response.ok) throw new Error(`PUT ${address} was answered with ${response.status}: the password is not set`);
}

const provider: pulumi.dynamic.ResourceProvider<Resolved, Resolved> = {
  async create(inputs) {
    await setPassword(inputs);
    return { id: inputs.username, outs: inputs };
  },
  async update(_id, _olds, news) {
    await setPassword(news);
    return { outs: news };
  },
};

/** Sets a mailbox's password at the mail server. A stand-in for your server's own provider or API. */
export class MailboxPassword extends pulumi.dynamic.Resource {
  public readonly password!: pulumi.Output<string>;

  constructor(name: string, args: MailboxPasswordArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      { ...args, adminKey: pulumi.secret(args.adminKey), password: pulumi.secret(args.password) },
      opts,
    );
  }
}
