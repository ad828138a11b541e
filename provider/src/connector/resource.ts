import * as pulumi from "@pulumi/pulumi";
import { MODULE, type Outputs, ownerOf, refusePlainKey, resourceOptions, stackDigest } from "../pulumi/registration.js";
import { connectorThunk } from "../pulumi/thunk.js";
import { DEFAULT_APPLICATION } from "../settings.js";
import { CONNECTOR_OUTPUTS, type ConnectorOutputs } from "./outputs.js";

/** The arguments of {@link ImapConnector}. */
export interface ImapConnectorArgs {
  /** Display name. Default: the one Nylas chooses. A change updates in place. */
  name?: pulumi.Input<string> | undefined;
  /**
   * What to do when the application has an IMAP connector already: `"fail"` (default) with `connector_exists`, or `"adopt"`
   * it. A change sends no request.
   */
  onExisting?: pulumi.Input<"fail" | "adopt"> | undefined;
  /** Delete the connector at destroy although it was adopted. Default: `false`, it stays. A change sends no request. */
  deleteAdopted?: pulumi.Input<boolean> | undefined;
  /**
   * Delete the connector although grants hang on it; all of them stop working at once and are lost. Default: `false`, the
   * deletion is refused with `connector_in_use` and says how many there are. A change sends no request.
   */
  forceDelete?: pulumi.Input<boolean> | undefined;
  /** The configuration namespace that names key and region. Default: `"nylas"`. A change replaces. */
  application?: string | undefined;
}

/**
 * The IMAP connector of a Nylas application: what lets the application use IMAP mailboxes. There is at most one.
 *
 * ```ts
 * const connector = new ImapConnector("imap");
 * new ByoImapGrant("ops", { connector, imapUsername: "ops@example.com", imapPassword, imapHost, smtpHost });
 * ```
 *
 * @see https://developer.nylas.com/docs/reference/api/connectors-integrations/create_connector/
 */
export class ImapConnector extends pulumi.dynamic.Resource implements Outputs<ConnectorOutputs> {
  /** @internal */
  static readonly __pulumiType = "pulumi-nodejs:dynamic/nylas:ImapConnector";

  /** Always `imap`. */
  declare readonly provider: pulumi.Output<string>;
  /** The name that Nylas shows. */
  declare readonly name: pulumi.Output<string>;
  /** Whether it was there before this resource took it. */
  declare readonly adopted: pulumi.Output<boolean>;
  /** The Nylas application it belongs to. */
  declare readonly applicationId: pulumi.Output<string>;

  /**
   * The configuration namespace, which its grants inherit; a connector of an earlier version has none. The name keeps it out
   * of the outputs of a stack that exports the connector.
   *
   * @internal
   */
  readonly __application?: string;

  constructor(name: string, args: ImapConnectorArgs = {}, opts?: pulumi.CustomResourceOptions) {
    refusePlainKey(args.application);
    const owner = ownerOf(name, ImapConnector.__pulumiType, opts);
    const inputs = { ...CONNECTOR_OUTPUTS, ...args, owner, stack: stackDigest() };
    super(connectorThunk, name, inputs, resourceOptions(opts), MODULE, "ImapConnector");
    this.__application = args.application ?? DEFAULT_APPLICATION;
  }

  /** Refers to an existing connector without managing it; its id is `imap`. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): ImapConnector {
    return new ImapConnector(name, {}, { ...opts, id });
  }

  /** Whether it is an `ImapConnector`, also one of another copy of this package. */
  static override isInstance(obj: unknown): obj is ImapConnector {
    return pulumi.Resource.isInstance(obj) && "__pulumiType" in obj && obj.__pulumiType === ImapConnector.__pulumiType;
  }
}
